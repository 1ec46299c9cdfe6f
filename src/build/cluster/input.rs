//! The inputs of a build, into the registry: each by its content, so that what is there is not moved again.

use std::path::Path;

use bytes::Bytes;
use tempfile::TempDir;

use super::document::{
    FORMAT, INPUT_DOCUMENT, INPUT_TYPE, PACK, RECIPES, WORK, WorkChecks, WorkImage, WorkInput,
    WorkSource,
};
use super::error::ClusterBuildError;
use crate::artifacts::PLAN;
use crate::build::prepared::{Fetched, Prepared};
use crate::build::{BuildError, Workspace};
use crate::bundle::{BundleError, PACK_TYPE, TEXT_TYPE, spool};
use crate::events::Sink;
use crate::execute::UsedImage;
use crate::plan::canonical_json;
use crate::source::Store;
use crate::transport::{
    Access, BlobSource, Descriptor, Digest, Document, EMPTY, EMPTY_TYPE, Manifest, Place, TITLE,
    Transport, TransportError,
};

/// What is put into the registry.
pub(super) struct Inputs<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) image: &'a UsedImage,
    /// Content key of the plan.
    pub(super) key: &'a str,
    pub(super) checks: WorkChecks,
    pub(super) workspace: &'a Workspace,
}

impl Inputs<'_> {
    /// Puts everything there, and returns the digest of the artifact. The same inputs are the same artifact.
    pub(super) async fn put(
        &self,
        title: &str,
        place: &Place,
        transport: &Transport,
        sink: &dyn Sink,
    ) -> Result<Digest, BuildError> {
        let failed = |source| ClusterBuildError::Inputs {
            title: title.to_owned(),
            place: place.to_string(),
            source,
        };
        let at = transport.open(place, Access::Write, sink).await;
        let at = at.map_err(failed)?;
        let mut layers = Vec::new();
        for (name, media_type, text) in self.texts() {
            let text = Bytes::from(text);
            let layer = Descriptor::of(media_type, &text).annotated(TITLE, name);
            let put = at.put(&layer, &BlobSource::Bytes(text), None).await;
            put.map_err(failed)?;
            layers.push(layer);
        }
        if let Some(git) = &self.prepared.git {
            let directory = spool_directory(self.workspace)?;
            let path = directory.path().join(PACK);
            let pack = write_pack(git, &path).await?.annotated(TITLE, PACK);
            let put = at.put(&pack, &BlobSource::File(path), None).await;
            put.map_err(failed)?;
            layers.push(pack);
        }
        let put = async {
            let empty = Descriptor::of(EMPTY_TYPE, EMPTY);
            let nothing = BlobSource::Bytes(Bytes::from_static(EMPTY));
            at.put(&empty, &nothing, None).await?;
            let document: Document = Manifest::of_artifact(INPUT_TYPE, layers).into();
            at.put_document(&document, None).await?;
            Ok::<_, TransportError>(document.descriptor.digest)
        };
        Ok(put.await.map_err(failed)?)
    }

    /// Everything but the pack: names, media types, texts.
    fn texts(&self) -> Vec<(String, &'static str, String)> {
        let Prepared {
            loaded,
            engine,
            git,
            plan,
            ..
        } = self.prepared;
        let input = WorkInput {
            format: FORMAT,
            key: self.key.to_owned(),
            recipe: plan.recipe.name.clone(),
            image: WorkImage::new(&self.image.name, &self.image.image),
            engine: engine.describe().version.clone(),
            checks: self.checks,
            source: git.as_ref().map(|git| WorkSource::new(&git.served)),
        };
        let recipe = &plan.recipe.name;
        let text = |name: String, text: &String| (name, TEXT_TYPE, text.clone());
        let mut texts = vec![
            (WORK.to_owned(), INPUT_DOCUMENT, canonical_json(&input)),
            (PLAN.to_owned(), TEXT_TYPE, canonical_json(plan)),
            text(format!("{RECIPES}/{recipe}.yaml"), &loaded.text),
        ];
        let advisories = loaded.advisories.iter();
        texts.extend(advisories.map(|known| {
            let name = format!("{RECIPES}/advisories/{recipe}.yaml");
            text(name, known)
        }));
        let patches = loaded.patches.iter();
        texts.extend(patches.map(|(file, patch)| text(format!("{RECIPES}/patches/{file}"), patch)));
        texts
    }
}

/// A directory in the cache for what is on its way; gone when it is dropped.
pub(super) fn spool_directory(workspace: &Workspace) -> Result<TempDir, BuildError> {
    workspace.claim_cache()?;
    let directory = workspace.cache_dir.join("cluster");
    let made = std::fs::create_dir_all(&directory).and_then(|()| {
        tempfile::Builder::new()
            .prefix(".partial-")
            .tempdir_in(&directory)
    });
    let made = made.map_err(|source| ClusterBuildError::File {
        path: directory,
        source,
    });
    Ok(made?)
}

async fn write_pack(git: &Fetched, path: &Path) -> Result<Descriptor, BuildError> {
    let (store, commit) = (git.store.clone(), git.served.commit.clone());
    let path = path.to_owned();
    let packing = tokio::task::spawn_blocking(move || pack(&store, &commit, &path));
    let packed = packing.await;
    packed.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

fn pack(store: &Store, commit: &str, path: &Path) -> Result<Descriptor, BuildError> {
    /// Either side of a pack.
    enum Unpacked {
        Bundle(BundleError),
        Source(crate::source::SourceError),
    }
    impl From<BundleError> for Unpacked {
        fn from(error: BundleError) -> Self {
            Self::Bundle(error)
        }
    }
    let packed = spool(PACK_TYPE, path, |out| {
        store.write_pack(commit, out).map_err(Unpacked::Source)
    });
    packed.map_err(|error| match error {
        Unpacked::Source(error) => error.into(),
        Unpacked::Bundle(error) => {
            let source = std::io::Error::other(error);
            let path = path.to_owned();
            ClusterBuildError::File { path, source }.into()
        }
    })
}
