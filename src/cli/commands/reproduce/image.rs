//! The toolchain image of a result: the same again, or another one where the user says so.

use std::collections::{BTreeMap, BTreeSet};

use super::published::Published;
use crate::cli::commands::{Invocation, explain};
use crate::engine::{EngineError, Image};
use crate::events::Event;
use crate::execute::{Context, ExecuteError, UsedImage, find_image, image_name, provide_image};
use crate::facts::read_archive_identity;
use crate::failure::{Failure, FailureKind};
use crate::plan::{ImageContent, Plan, PlannedImage};
use crate::report::ReproducedImage;

const ANY_IMAGE: &str =
    "--any-image goes on with another image; the report then says in what it differs";

/// What images must be, for the first attempt at least.
pub(super) struct Wanted {
    /// What the result's image gave to its build.
    pub(super) content: ImageContent,
    /// The same by the name of the image, for looking only at images like it.
    pub(super) by_name: BTreeMap<String, ImageContent>,
}

impl Wanted {
    /// Of the image that `plan` names.
    pub(super) fn new(published: &Published, plan: &Plan) -> Self {
        let content = published.manifest.image.content.clone();
        Self {
            by_name: BTreeMap::from([(image_name(plan), content.clone())]),
            content,
        }
    }
}

/// Takes the image out of the archive that the user gives, whatever way the plan has.
pub(super) fn from_archive(
    plan: &mut Plan,
    archive: Option<&std::path::Path>,
) -> Result<(), Failure> {
    if let Some(archive) = archive {
        let image_id = read_archive_identity(archive)
            .map_err(explain::facts)?
            .image_id;
        plan.image = PlannedImage::Archive { image_id };
    }
    Ok(())
}

/// Gets the image onto the engine. `context` looks only for the one of the result.
pub(super) async fn provide(
    invocation: &Invocation<'_>,
    plan: &Plan,
    wanted: &Wanted,
    any_image: bool,
    context: &Context<'_>,
) -> Result<(UsedImage, ReproducedImage), Failure> {
    let found = invocation.unless_stopped(find_image(plan, context.engine));
    let found = found.await?;
    let is_there = found.as_ref().and_then(Image::known_content) == Some(&wanted.content);
    let refused = match (&plan.image, is_there) {
        (PlannedImage::Dockerfile { .. }, false) => Some(not_twice(plan)),
        (PlannedImage::Archive { image_id }, false)
            if found.is_none() && context.image_archive.is_none() =>
        {
            return Err(no_archive(image_id));
        }
        _ => None,
    };
    let info = &invocation.connected().await?.info;
    let first = match refused {
        Some(refused) => Err(refused),
        None => provide_image(plan, info, context)
            .await
            .map_err(|error| explained(error, found.is_some())),
    };
    let used = match first {
        Err(failure) if any_image && is_about_the_image(&failure) => {
            let text = format!("another image is taken: {}", failure.source);
            context.sink.event(&Event::Warning { text });
            let none = BTreeMap::new();
            let context = Context {
                locked_images: &none,
                ..*context
            };
            let used = provide_image(plan, info, &context).await;
            used.map_err(|error| explained(error, false))?
        }
        Err(failure) if !any_image && is_about_the_image(&failure) => {
            return Err(failure.hint(ANY_IMAGE));
        }
        first => first?,
    };
    let differs_in = differences(&wanted.content, used.content());
    if !differs_in.is_empty() && !any_image {
        let lines: String = differs_in
            .iter()
            .map(|line| format!("\n  {line}"))
            .collect();
        let text = format!(
            "the image {} is not the one that the result was built in:{lines}",
            used.name
        );
        return Err(Failure::new(FailureKind::Integrity, text).hint(ANY_IMAGE));
    }
    let image = ReproducedImage {
        name: used.name.clone(),
        id: used.image.id.clone(),
        same: differs_in.is_empty(),
        differs_in,
    };
    Ok((used, image))
}

/// Whether another image could help.
fn is_about_the_image(failure: &Failure) -> bool {
    let engine_itself = failure.source.downcast_ref::<ExecuteError>();
    let engine_itself = engine_itself.is_some_and(|error| {
        matches!(
            error,
            ExecuteError::Engine {
                source: EngineError::Unreachable { .. }
                    | EngineError::Lost { .. }
                    | EngineError::DiskFull { .. },
                ..
            } | ExecuteError::BootstrapMissing
        )
    });
    !engine_itself && matches!(failure.kind, FailureKind::Engine | FailureKind::Integrity)
}

fn explained(error: ExecuteError, other_is_there: bool) -> Failure {
    match error {
        // What helps against a lock file does not help here.
        ExecuteError::ImageMoved { .. } => Failure::new(FailureKind::Integrity, error),
        ExecuteError::ImageUnavailable { ref name, .. } if other_is_there => {
            let hint = format!(
                "the image {name} on the engine is another one than that of the result; --mirror names a registry that has it"
            );
            Failure::new(FailureKind::Integrity, error).hint(hint)
        }
        error => explain::execute(error, false),
    }
}

/// An image built of a Dockerfile that is gone.
fn not_twice(plan: &Plan) -> Failure {
    let text = format!(
        "the result was built in the image {}, which is not on this engine; it was built from a Dockerfile, which never gives the same image twice",
        image_name(plan)
    );
    Failure::new(FailureKind::Integrity, text)
        .hint("--image-archive takes the image from a file that `docker save` wrote where it is")
}

fn no_archive(image_id: &str) -> Failure {
    let text = format!(
        "the result was built in the image {image_id} out of an archive, and it is not on this engine"
    );
    Failure::new(FailureKind::Engine, text).hint("--image-archive FILE names the archive")
}

/// In what an image differs from the one that is wanted, a line each.
fn differences(wanted: &ImageContent, found: Option<&ImageContent>) -> Vec<String> {
    let Some(found) = found else {
        return vec!["the engine does not tell what layers it has".to_owned()];
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
