//! Images on the engine, as the other files of this room look for them.

use super::context::Context;
use super::error::ExecuteError;
use crate::engine::{EngineError, Image};

/// The image by that name, if the engine has it.
pub(super) async fn present(
    name: &str,
    context: &Context<'_>,
) -> Result<Option<Image>, ExecuteError> {
    context.engine.image(name).await.map_err(engine_failed)
}

/// The error of an image that no place has with the locked content.
pub(super) fn moved(name: String, found: Vec<String>, context: &Context<'_>) -> ExecuteError {
    let locked = context.locked_images.get(&name);
    ExecuteError::ImageMoved {
        by: context.locked_by,
        locked: locked.map_or_else(Vec::new, |content| content.layers.clone()),
        found,
        name,
    }
}

/// The error of an engine that failed to find or provide an image.
pub(super) fn engine_failed(source: EngineError) -> ExecuteError {
    ExecuteError::engine("image")(source)
}
