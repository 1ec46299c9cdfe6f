//! Pulls images from the mirrors that have them.

use super::context::Context;
use super::error::{ExecuteError, FailedAttempt};
use super::image::{engine_failed, gone, moved, present};
use crate::engine::EngineError;
use crate::events::Event;
use crate::failure::with_causes;
use crate::plan::BaseImage;

/// Pulls the image from the first reference that has it and gives it the expected name. Returns the reference, or
/// `None` when the image was there.
pub(super) async fn pull(
    base: &BaseImage,
    context: &Context<'_>,
) -> Result<Option<String>, ExecuteError> {
    let there = present(&base.name, context).await?;
    if there.is_some_and(|image| context.is_locked(&base.name, &image)) {
        context.sink.event(&Event::Note {
            text: format!("the image {} is there already", base.name),
        });
        return Ok(None);
    }
    if context.offline {
        return Err(ExecuteError::Offline {
            image: base.name.clone(),
        });
    }
    let mut failed = Vec::new();
    let mut other_layers = None;
    for reference in &base.candidates {
        match context
            .engine
            .pull(reference, context.stall, context.sink)
            .await
        {
            Ok(()) => {
                let pulled = present(reference, context)
                    .await?
                    .ok_or_else(|| gone(reference))?;
                if !context.is_locked(&base.name, &pulled) {
                    let reason =
                        format!("it serves another image than {} names", context.locked_by);
                    context.sink.event(&Event::MirrorFailed {
                        wanted: base.name.clone(),
                        mirror: reference.clone(),
                        reason,
                    });
                    let untagged = context.engine.untag(reference).await;
                    untagged.map_err(engine_failed)?;
                    other_layers = Some(pulled.layers);
                    continue;
                }
                if *reference != base.name {
                    context
                        .engine
                        .tag(reference, &base.name)
                        .await
                        .map_err(engine_failed)?;
                }
                return Ok(Some(reference.clone()));
            }
            // Another mirror cannot help when the engine itself is gone or full.
            Err(
                error @ (EngineError::Unreachable { .. }
                | EngineError::Lost { .. }
                | EngineError::DiskFull { .. }),
            ) => {
                return Err(engine_failed(error));
            }
            Err(error) => {
                let reason = with_causes(&error);
                context.sink.event(&Event::MirrorFailed {
                    wanted: base.name.clone(),
                    mirror: reference.clone(),
                    reason: reason.clone(),
                });
                failed.push(FailedAttempt {
                    reference: reference.clone(),
                    reason,
                });
            }
        }
    }
    if let Some(layers) = other_layers {
        return Err(moved(base.name.clone(), &layers, context));
    }
    Err(ExecuteError::ImageUnavailable {
        name: base.name.clone(),
        failed,
    })
}
