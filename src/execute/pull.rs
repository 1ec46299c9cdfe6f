//! Pulls images from the mirrors that have them.

use super::bundled::registry_image;
use super::context::Context;
use super::error::{ExecuteError, FailedAttempt};
use super::found::{engine_failed, moved, present};
use crate::engine::{EngineError, Image, ImageSource};
use crate::events::{Event, Note};
use crate::failure::with_causes;
use crate::plan::BaseImage;

/// Whether it is a name that the tool gives to what it makes, in any of the forms that the engine takes for it.
fn is_made_here(name: &str) -> bool {
    let hub = ["docker.io/", "index.docker.io/"];
    let name = hub
        .iter()
        .find_map(|host| name.strip_prefix(host))
        .unwrap_or(name);
    name.starts_with("kmembuild/")
}

/// Pulls the image from the first reference that has it and gives it the expected name. Returns it with the reference,
/// or with `None` when the engine already had it.
pub(super) async fn pull(
    base: &BaseImage,
    context: &Context<'_>,
) -> Result<(Image, Option<String>), ExecuteError> {
    let there = present(&base.name, context).await?;
    if let Some(image) = there.filter(|image| context.is_locked(&base.name, image)) {
        let note = Note::ImagePresent(base.name.clone());
        context.sink.event(&note.into());
        return Ok((image, None));
    }
    if let Some(bundle) = context.bundle.filter(|_| !is_made_here(&base.name)) {
        return Ok((registry_image(bundle, &base.name, context).await?, None));
    }
    if context.offline {
        return Err(ExecuteError::Offline {
            image: base.name.clone(),
        });
    }
    // Whoever serves it would be taken for this tool in the next build.
    if is_made_here(&base.name) {
        let name = base.name.clone();
        return Err(ExecuteError::MadeHere { name });
    }
    let mut failed = Vec::new();
    let mut other_layers = None;
    for reference in &base.candidates {
        let mirror_failed = |reason: String| {
            context.sink.event(&Event::MirrorFailed {
                wanted: base.name.clone(),
                mirror: reference.clone(),
                reason,
            });
        };
        let source = ImageSource::Registry {
            reference: reference.clone(),
            expected: context.locked_images.get(&base.name).cloned(),
            stall: context.stall,
        };
        let engine = context.engine;
        let provided = engine.provide(&base.name, source, context.sink, context.cancel);
        match provided.await {
            Ok(image) => {
                let image = image.ok_or(ExecuteError::Interrupted)?;
                return Ok((image, Some(reference.clone())));
            }
            Err(EngineError::OtherContent { found, .. }) => {
                let by = context.locked_by;
                mirror_failed(format!("its image does not match {by}"));
                other_layers = Some(found.layers);
            }
            // Another mirror does not help when the engine itself is gone or full.
            Err(
                error @ (EngineError::Unreachable { .. }
                | EngineError::Lost { .. }
                | EngineError::DiskFull { .. }),
            ) => {
                return Err(engine_failed(error));
            }
            Err(error) => {
                let reason = with_causes(&error);
                mirror_failed(reason.clone());
                failed.push(FailedAttempt {
                    reference: reference.clone(),
                    reason,
                });
            }
        }
    }
    if let Some(layers) = other_layers {
        return Err(moved(base.name.clone(), layers, context));
    }
    Err(ExecuteError::ImageUnavailable {
        name: base.name.clone(),
        failed,
    })
}
