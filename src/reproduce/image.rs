//! The toolchain image of a result: the same again, or another one where the user says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::error::{ImageError, ReproduceError};
use super::outcome::ReproducedImage;
use crate::artifacts::PublishedResult;
use crate::build::{BuildError, Workspace};
use crate::engine::{EngineError, EngineInfo, Image};
use crate::events::Warning;
use crate::execute::{Context, ExecuteError, UsedImage, find_image, image_name, provide_image};
use crate::facts::read_archive;
use crate::failure::with_causes;
use crate::plan::{ImageContent, Plan, PlannedImage};

/// What images must be, for the first attempt at least.
pub(super) struct WantedImage {
    /// What the result's image gave to its build.
    pub(super) content: ImageContent,
    /// The same by the name of the image, for looking only at images like it.
    pub(super) by_name: BTreeMap<String, ImageContent>,
}

impl WantedImage {
    /// Of the image that `plan` names.
    pub(super) fn new(published: &PublishedResult, plan: &Plan) -> Self {
        let content = published.manifest.image.content.clone();
        Self {
            by_name: BTreeMap::from([(image_name(plan), content.clone())]),
            content,
        }
    }
}

/// Takes the image out of the archive that the user gives, whatever way the plan has.
pub(super) fn from_archive(plan: &mut Plan, archive: Option<&Path>) -> Result<(), BuildError> {
    if let Some(archive) = archive {
        let image_id = read_archive(archive)?.id;
        plan.image = PlannedImage::Archive { image_id };
    }
    Ok(())
}

/// Gets the image onto the engine. `context` looks only for the one of the result.
pub(super) async fn provide(
    workspace: &Workspace,
    plan: &Plan,
    wanted: &WantedImage,
    any_image: bool,
    info: &EngineInfo,
    context: &Context<'_>,
) -> Result<(UsedImage, ReproducedImage), ReproduceError> {
    let found = workspace
        .unless_stopped(find_image(plan, context.engine))
        .await?;
    let same = found.as_ref().and_then(Image::known_content) == Some(&wanted.content);
    let first = match &plan.image {
        PlannedImage::Dockerfile { .. } if !same => {
            let image = image_name(plan);
            Err(ImageError::NotTwice { image }.into())
        }
        PlannedImage::Archive { image_id }
            if found.is_none() && context.image_archive.is_none() =>
        {
            let image = image_id.clone();
            return Err(ImageError::NoArchive { image }.into());
        }
        _ => provide_image(plan, info, context)
            .await
            .map_err(|error| explained(error, found.is_some())),
    };
    let used = match first {
        Err(ReproduceError::Image(failed)) if any_image => {
            let warning = Warning::OtherImage(with_causes(&failed));
            context.sink.event(&warning.into());
            let none = BTreeMap::new();
            let context = Context {
                locked_images: &none,
                ..*context
            };
            let used = provide_image(plan, info, &context).await;
            used.map_err(BuildError::from)?
        }
        first => first?,
    };
    let differs_in = differences(&wanted.content, used.content());
    if !differs_in.is_empty() && !any_image {
        let image = used.name;
        return Err(ImageError::Different { image, differs_in }.into());
    }
    let image = ReproducedImage {
        name: used.name.clone(),
        id: used.image.id.clone(),
        same: differs_in.is_empty(),
        differs_in,
    };
    Ok((used, image))
}

/// Whether another image could help, or it is the engine or the user that stopped it.
fn explained(error: ExecuteError, other_is_there: bool) -> ReproduceError {
    match error {
        ExecuteError::ImageUnavailable { .. } if other_is_there => {
            ImageError::Replaced(error).into()
        }
        ExecuteError::Engine {
            source:
                EngineError::Unreachable { .. }
                | EngineError::Lost { .. }
                | EngineError::DiskFull { .. },
            ..
        }
        | ExecuteError::BootstrapMissing
        | ExecuteError::Interrupted
        | ExecuteError::Source(_)
        | ExecuteError::ImageLock { .. } => BuildError::Execute(error).into(),
        _ => ImageError::Unavailable(error).into(),
    }
}

/// In what an image differs from the one that is wanted, a line each.
fn differences(wanted: &ImageContent, found: Option<&ImageContent>) -> Vec<String> {
    let Some(found) = found else {
        return vec!["its layers are unknown to the engine".to_owned()];
    };
    let mut lines = Vec::new();
    if wanted.layers != found.layers {
        lines.push(format!("layers then: {}", wanted.layers.join(" ")));
        lines.push(format!("layers now: {}", found.layers.join(" ")));
    }
    let variables = |content: &ImageContent| content.environment.iter().cloned().collect();
    let (then, now): (BTreeSet<String>, BTreeSet<String>) = (variables(wanted), variables(found));
    lines.extend(
        then.difference(&now)
            .map(|line| format!("environment then: {line}")),
    );
    lines.extend(
        now.difference(&then)
            .map(|line| format!("environment now: {line}")),
    );
    if then == now && wanted.environment != found.environment {
        lines.push("the environment is the same in another order".to_owned());
    }
    if wanted.architecture != found.architecture {
        let (then, now) = (&wanted.architecture, &found.architecture);
        lines.push(format!("architecture: {then} then, {now} now"));
    }
    lines
}
