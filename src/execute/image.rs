//! Provides the planned toolchain image.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use super::archive::one_file_archive;
use super::bootstrap::bootstrap;
use super::bundled::debian_image;
use super::context::Context;
use super::error::ExecuteError;
use super::found::{engine_failed, moved, present};
use super::pull::pull;
use super::session_end::until_cancelled;
use super::sinks::Remarks;
use crate::engine::{
    ByteStream, Engine, EngineError, Image, ImageBuild, ImageContent, ImageSource, LABEL_IDENTITY,
    LABEL_LEFT_OUT, LABEL_SUITES, THIS_CONTAINER,
};
use crate::events::{Note, Warning};
use crate::facts::read_archive;
use crate::plan::{BaseImage, Plan, PlannedDebian, PlannedImage, PlannedPatch, PlannedSource};
use crate::source::Patch;

/// The image in which a build ran.
#[derive(Debug, Clone)]
pub struct UsedImage {
    /// The image.
    pub image: Image,
    /// Its name on the engine.
    pub name: String,
    /// The images that were needed, by name, each with the reference it was pulled from (`None`: the engine had it).
    pub pulled: BTreeMap<String, Option<String>>,
    /// Remarks of the image build.
    pub remarks: Vec<String>,
}

impl UsedImage {
    /// An image that is on the engine, so that nothing was pulled for it.
    fn there(name: &str, image: Image) -> Self {
        Self {
            image,
            name: name.to_owned(),
            pulled: BTreeMap::new(),
            remarks: Vec::new(),
        }
    }

    /// What it contributes to the build; see [`Image::known_content`].
    pub fn content(&self) -> Option<&ImageContent> {
        self.image.known_content()
    }
}

/// The name that the planned image has, or will have, on the engine.
pub fn image_name(plan: &Plan) -> String {
    match &plan.image {
        PlannedImage::Registry(base) => base.name.clone(),
        PlannedImage::Archive { image_id } => image_id.clone(),
        PlannedImage::Container { identity: None } => THIS_CONTAINER.to_owned(),
        PlannedImage::Container {
            identity: Some(identity),
        } => format!("{THIS_CONTAINER}@{identity}"),
        PlannedImage::Dockerfile { .. } | PlannedImage::Debian(_) => {
            made_name(plan, &identity(plan))
        }
    }
}

/// The identity of an image that is made: of what it is made from, whatever the plan says that it is.
fn identity(plan: &Plan) -> String {
    plan.image_identity().unwrap_or_default()
}

/// The planned image, if the engine already has it.
///
/// # Errors
/// The [`EngineError`] of an engine that does not answer.
pub async fn find_image(plan: &Plan, engine: &dyn Engine) -> Result<Option<Image>, EngineError> {
    let found = engine.image(&image_name(plan)).await?;
    Ok(found.filter(|image| is_planned(plan, image)))
}

/// Whether an image by the planned name is the planned one, according to its label.
fn is_planned(plan: &Plan, image: &Image) -> bool {
    let label = image.labels.get(LABEL_IDENTITY);
    let identity = plan.image_identity();
    identity.is_none() || label == identity.as_ref()
}

/// Makes sure that the planned image is on the engine. An image with the planned identity is not made again. Returns
/// [`ExecuteError::Interrupted`] when the user stops the run.
pub(super) async fn provide(
    plan: &Plan,
    engine_architecture: &str,
    context: &Context<'_>,
) -> Result<UsedImage, ExecuteError> {
    let used = match &plan.image {
        PlannedImage::Registry(base) => until_cancelled(context, fetch(base, context)).await?,
        PlannedImage::Archive { image_id } => {
            until_cancelled(context, load(image_id, context)).await?
        }
        PlannedImage::Container { .. } => {
            let name = image_name(plan);
            match until_cancelled(context, present(&name, context)).await? {
                Some(image) => UsedImage::there(&name, image),
                None => return Err(engine_failed(EngineError::NoImage { image: name })),
            }
        }
        PlannedImage::Dockerfile { .. } | PlannedImage::Debian(_) => {
            let identity = identity(plan);
            let name = made_name(plan, &identity);
            match until_cancelled(context, made(plan, &name, &name, context)).await? {
                Some(used) => used,
                None => make_once(plan, &name, &identity, context).await?,
            }
        }
    };
    if used.image.content.architecture != engine_architecture {
        return Err(ExecuteError::ImageArchitecture {
            name: used.name,
            found: used.image.content.architecture,
            wanted: engine_architecture.to_owned(),
        });
    }
    Ok(used)
}

/// An image that is used as the registry serves it.
async fn fetch(base: &BaseImage, context: &Context<'_>) -> Result<UsedImage, ExecuteError> {
    let (image, pulled) = pull(base, context).await?;
    Ok(UsedImage {
        pulled: BTreeMap::from([(base.name.clone(), pulled)]),
        ..UsedImage::there(&base.name, image)
    })
}

/// The image by that name with the planned identity, if it was made before. `shared` is the name that all builds of the plan
/// look for, by which images are locked.
async fn made(
    plan: &Plan,
    name: &str,
    shared: &str,
    context: &Context<'_>,
) -> Result<Option<UsedImage>, ExecuteError> {
    let image = present(name, context).await?;
    let image = image.filter(|image| is_planned(plan, image) && context.is_locked(shared, image));
    // One without Debian's fixes is made again where nobody asks for the mirror that lacked them.
    let image = image.filter(|image| {
        let is_complete = !image.labels.contains_key(LABEL_LEFT_OUT);
        is_complete || context.debian_mirror.is_some() || context.offline
    });
    Ok(image.map(|image| {
        let note = Note::ImagePresent(name.to_owned());
        context.sink.event(&note.into());
        let remarks = of_mirror(name, &image, context);
        UsedImage {
            remarks,
            ..UsedImage::there(name, image)
        }
    }))
}

/// What is to be said about an image out of a mirror of Debian's archive, for the manifest; a warning of what the mirror did
/// not have.
fn of_mirror(name: &str, image: &Image, context: &Context<'_>) -> Vec<String> {
    let suites = image.labels.get(LABEL_SUITES).into_iter();
    let mut remarks: Vec<_> = suites
        .map(|suites| format!("its packages are from {suites}"))
        .collect();
    if let Some(left_out) = image.labels.get(LABEL_LEFT_OUT) {
        let warning = Warning::DebianLeftOut(name.to_owned(), left_out.clone());
        context.sink.event(&warning.into());
        remarks.push(format!("its mirror did not have Debian's {left_out}"));
    }
    remarks
}

/// Waits until no other run is making the image with that identity: of two with the same name, one would lose it.
pub(super) async fn turn_to_make(
    name: &str,
    identity: &str,
    context: &Context<'_>,
) -> Result<File, ExecuteError> {
    let path = context.locks.join(format!("image-{identity}.lock"));
    let purpose = format!("is making image {name}");
    context.lock(path, &purpose).await
}

/// Makes a missing image, when no other run is making it.
async fn make_once(
    plan: &Plan,
    shared: &str,
    identity: &str,
    context: &Context<'_>,
) -> Result<UsedImage, ExecuteError> {
    let name = if context.own_images {
        own_name(shared)
    } else {
        shared.to_owned()
    };
    let _turn = until_cancelled(context, turn_to_make(&name, identity, context)).await?;
    if let Some(used) = until_cancelled(context, made(plan, &name, shared, context)).await? {
        return Ok(used);
    }
    if let (Some(bundle), PlannedImage::Debian(debian)) = (context.bundle, &plan.image) {
        let mut labels = context.labels(&plan.recipe.name);
        labels.insert(LABEL_IDENTITY.to_owned(), identity.to_owned());
        let taking = debian_image(bundle, &name, debian, labels, context);
        let image = until_cancelled(context, taking).await?;
        return Ok(UsedImage::there(&name, image));
    }
    if context.offline {
        return Err(ExecuteError::Offline { image: name });
    }
    let used = make(plan, name, context).await?;
    if !context.is_locked(shared, &used.image) {
        return Err(moved(used.name, used.image.content.layers, context));
    }
    Ok(used)
}

/// The name of an image that the tool makes: it shows people what it is, and is unique to its identity.
fn made_name(plan: &Plan, identity: &str) -> String {
    let way = match &plan.image {
        PlannedImage::Debian(debian) => format!("debian-{}", debian.suite),
        PlannedImage::Dockerfile { way, .. } => way.to_string(),
        PlannedImage::Registry(_)
        | PlannedImage::Archive { .. }
        | PlannedImage::Container { .. } => "image".to_owned(),
    };
    format!("kmembuild/{}-{way}:{}", plan.recipe.name, &identity[..12])
}

/// The name of an image that is made by somebody else's plan. No recipe has a slash in its name.
fn own_name(shared: &str) -> String {
    let name = shared.strip_prefix("kmembuild/").unwrap_or(shared);
    format!("kmembuild/reproduced/{name}")
}

async fn load(image_id: &str, context: &Context<'_>) -> Result<UsedImage, ExecuteError> {
    let image = match present(image_id, context).await? {
        Some(image) => image,
        None => load_archive(image_id, context).await?,
    };
    Ok(UsedImage::there(image_id, image))
}

async fn load_archive(image_id: &str, context: &Context<'_>) -> Result<Image, ExecuteError> {
    let file = context.image_archive.map(PathBuf::from).unwrap_or_default();
    let archive = file.display().to_string();
    // Of an engine whose ids are not the digests of configurations, the layers show that it is the same image.
    // What cannot be read any more cannot be loaded either, and the engine says why.
    let archived = read_archive(&file).ok();
    let archived = archived.filter(|archived| archived.id == image_id);
    let layers = archived.map(|archived| archived.layers);
    let source = ImageSource::Archive { file, layers };
    let engine = context.engine;
    let loaded = engine.provide(image_id, source, context.sink, context.cancel);
    match loaded.await {
        Ok(image) => image.ok_or(ExecuteError::Interrupted),
        Err(EngineError::NoImage { .. }) => Err(ExecuteError::ImageNotInArchive {
            file: archive,
            image_id: image_id.to_owned(),
        }),
        Err(error) => Err(engine_failed(error)),
    }
}

/// Makes a missing image.
async fn make(plan: &Plan, name: String, context: &Context<'_>) -> Result<UsedImage, ExecuteError> {
    let remarks = Remarks::new(context.sink);
    let mut pulled = BTreeMap::new();
    let mut labels = context.labels(&plan.recipe.name);
    let image = match &plan.image {
        PlannedImage::Debian(debian) => {
            let debian = PlannedDebian {
                identity: identity(plan),
                ..debian.clone()
            };
            let making = bootstrap(context, &debian, &name, labels);
            until_cancelled(context, making).await?
        }
        PlannedImage::Dockerfile {
            bases,
            dockerfile,
            text,
            patches,
            arguments,
            ..
        } => {
            for base in bases {
                let (_, reference) = until_cancelled(context, pull(base, context)).await?;
                pulled.insert(base.name.clone(), reference);
            }
            labels.insert(LABEL_IDENTITY.to_owned(), identity(plan));
            let source = ImageSource::Dockerfile(ImageBuild {
                context: build_context(plan, text.as_deref(), dockerfile, patches, context)?,
                dockerfile: dockerfile.clone(),
                arguments: arguments.clone(),
                labels,
                memory: plan.build.limits.memory,
            });
            // Not dropped on cancellation: the engine cleans up after a cancelled build.
            let engine = context.engine;
            let building = engine.provide(&name, source, &remarks, context.cancel);
            let image = building.await.map_err(engine_failed)?;
            image.ok_or(ExecuteError::Interrupted)?
        }
        PlannedImage::Registry(_)
        | PlannedImage::Archive { .. }
        | PlannedImage::Container { .. } => {
            unreachable!("these are not made")
        }
    };
    let mut remarks = remarks.into_kept();
    remarks.extend(of_mirror(&name, &image, context));
    Ok(UsedImage {
        image,
        name,
        pulled,
        remarks,
    })
}

/// The context of an image build: the patched source tree, or only the recipe's Dockerfile.
fn build_context(
    plan: &Plan,
    text: Option<&str>,
    dockerfile: &str,
    patches: &[PlannedPatch],
    context: &Context<'_>,
) -> Result<ByteStream, ExecuteError> {
    match (text, &plan.source, context.store) {
        (None, PlannedSource::Git { tree, modified, .. }, Some(store)) => {
            let patches = patch_texts(patches, context);
            let tree = store.patch(tree, &patches).map_err(ExecuteError::Source)?;
            Ok(store.archive(&tree, *modified))
        }
        (text, _, _) => Ok(one_file_archive(dockerfile, text.unwrap_or_default(), 0)),
    }
}

/// The planned patches with their texts.
pub(super) fn patch_texts(patches: &[PlannedPatch], context: &Context<'_>) -> Vec<Patch> {
    let text = |file: &String| context.patches.get(file).cloned().unwrap_or_default();
    patches
        .iter()
        .map(|patch| Patch {
            name: patch.file.clone(),
            text: text(&patch.file),
        })
        .collect()
}
