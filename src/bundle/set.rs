//! A bundle with those that it was made since.

use std::path::{Component, Path};

use super::blob::BlobReader;
use super::document::{BundleDocument, BundledFile, BundledImage, BundledSource};
use super::error::BundleError;
use super::open::Bundle;
use crate::transport::{Descriptor, Digest};

/// Largest file of a release in bytes: a recipe, a patch, a lock file.
const LARGEST_FILE: u64 = 64 << 20;
/// Most parts of a path of a file.
const DEEPEST: usize = 16;

/// A bundle, and those that it was made since, as far as they are given.
#[derive(Debug)]
pub struct Bundles {
    /// The newest first, which says what there is.
    bundles: Vec<Bundle>,
}

impl Bundles {
    /// Opens the bundles at these paths, in any order: which of them is the newest, they say themselves. Every blob must be in
    /// one of them.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn open(paths: &[impl AsRef<Path>]) -> Result<Self, BundleError> {
        let bundles = paths.iter().map(|path| Bundle::open(path.as_ref()));
        let mut bundles = bundles.collect::<Result<Vec<_>, _>>()?;
        let is_base = |one: &Bundle, of: &Bundle| {
            let mut bases = of.document.since.iter();
            bases.any(|base| base.digest == one.digest)
        };
        let newest: Vec<_> = (0..bundles.len())
            .filter(|index| !bundles.iter().any(|of| is_base(&bundles[*index], of)))
            .collect();
        // One that is given twice is one.
        let first = newest.first().copied().unwrap_or(0);
        let others = newest.iter().skip(1);
        let mut others = others.filter(|other| bundles[**other].digest != bundles[first].digest);
        if let Some(&other) = others.next() {
            return Err(BundleError::NotRelated {
                one: bundles[first].path().to_owned(),
                other: bundles[other].path().to_owned(),
            });
        }
        bundles.swap(0, first);
        let set = Self { bundles };
        set.check()?;
        Ok(set)
    }

    /// What an earlier bundle has and names, to write one since it. Those that it was made since need not be here.
    ///
    /// # Errors
    /// [`BundleError`], also for a blob that neither it nor an earlier one has by its own word.
    pub fn earlier(path: &Path) -> Result<Self, BundleError> {
        let bundles = vec![Bundle::open(path)?];
        let set = Self { bundles };
        match set.check() {
            Err(BundleError::BaseMissing { .. }) | Ok(()) => Ok(set),
            Err(error) => Err(error),
        }
    }

    /// Everything that is named is there, with the size that is said, and every file has a path that stays below its directory.
    fn check(&self) -> Result<(), BundleError> {
        for file in &self.document().files {
            if !is_below(&file.path) {
                return Err(BundleError::FilePath {
                    path: self.path().to_owned(),
                    file: file.path.clone(),
                });
            }
        }
        let document = self.document();
        for path in [&document.release, &document.lockfile] {
            if !document.files.iter().any(|file| file.path == *path) {
                return Err(self.lacks(format!("its file {path:?}")));
            }
        }
        let mut missing = Ok(());
        for blob in self.document().blobs() {
            match self.blob(blob) {
                Err(error @ BundleError::BaseMissing { .. }) => missing = missing.and(Err(error)),
                other => drop(other?),
            }
        }
        missing
    }

    fn newest(&self) -> &Bundle {
        &self.bundles[0]
    }

    /// The newest bundle's file, for messages.
    pub fn path(&self) -> &Path {
        self.newest().path()
    }

    /// Digest of the newest bundle's manifest.
    pub fn digest(&self) -> &Digest {
        &self.newest().digest
    }

    /// What the newest bundle says.
    pub fn document(&self) -> &BundleDocument {
        &self.newest().document
    }

    /// The content of a blob.
    ///
    /// # Errors
    /// [`BundleError::BaseMissing`], [`BundleError::NoBlob`], [`BundleError::Size`].
    pub fn blob(&self, blob: &Descriptor) -> Result<BlobReader, BundleError> {
        for bundle in &self.bundles {
            if let Some(reader) = bundle.blob(blob)? {
                return Ok(reader);
            }
        }
        let (path, digest) = (self.path().to_owned(), blob.digest.clone());
        let mut bases = self.document().since.iter();
        Err(match bases.find(|base| base.blobs.contains(&digest)) {
            Some(base) => BundleError::BaseMissing {
                path,
                base: base.file.clone(),
                digest,
            },
            None => BundleError::NoBlob { path, digest },
        })
    }

    /// Whether one of the given bundles has a blob.
    pub fn has(&self, digest: &Digest) -> bool {
        self.bundles.iter().any(|bundle| bundle.has(digest))
    }

    /// A blob of at most `limit` bytes, whole.
    ///
    /// # Errors
    /// Those of [`Bundles::blob`], [`BundleError::TooLarge`], [`BundleError::Digest`].
    pub fn bytes(&self, blob: &Descriptor, limit: u64) -> Result<Vec<u8>, BundleError> {
        if blob.size > limit {
            return Err(BundleError::TooLarge {
                path: self.path().to_owned(),
                what: blob.digest.to_string(),
                limit,
            });
        }
        self.blob(blob)?.bytes()
    }

    /// The content of a file of the release.
    ///
    /// # Errors
    /// Those of [`Bundles::bytes`].
    pub fn file(&self, file: &BundledFile) -> Result<Vec<u8>, BundleError> {
        self.bytes(&file.content, LARGEST_FILE)
    }

    /// The file of that path.
    ///
    /// # Errors
    /// Those of [`Bundles::bytes`], [`BundleError::Lacks`].
    pub fn file_at(&self, path: &str) -> Result<Vec<u8>, BundleError> {
        let mut files = self.document().files.iter();
        let file = files.find(|file| file.path == path);
        self.file(file.ok_or_else(|| self.lacks(format!("its file {path:?}")))?)
    }

    /// The pack of a commit of a recipe.
    ///
    /// # Errors
    /// [`BundleError::Lacks`].
    pub fn source(&self, recipe: &str, commit: &str) -> Result<&BundledSource, BundleError> {
        let mut sources = self.document().sources.iter();
        let source = sources.find(|source| source.recipe == recipe && source.commit == commit);
        source.ok_or_else(|| self.lacks(format!("commit {commit} of {recipe}")))
    }

    /// The image of that name.
    ///
    /// # Errors
    /// [`BundleError::Lacks`].
    pub fn image(&self, name: &str) -> Result<&BundledImage, BundleError> {
        let mut images = self.document().images.iter();
        let image = images.find(|image| image.name == name);
        image.ok_or_else(|| self.lacks(format!("image {name}")))
    }

    /// The error of something that it should have.
    pub fn lacks(&self, what: String) -> BundleError {
        let path = self.path().to_owned();
        BundleError::Lacks { path, what }
    }
}

/// Whether a path stays below its directory, whatever joins it.
fn is_below(path: &str) -> bool {
    let whole = Path::new(path).components();
    let is_plain = |part: &Component<'_>| matches!(part, Component::Normal(_));
    let parts = path.split('/').count();
    parts <= DEEPEST
        && path.len() <= 1024
        && !path.contains('\0')
        && whole.clone().count() == parts
        && whole.into_iter().all(|part| is_plain(&part))
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn paths_stay_below() {
        for path in ["release.yaml", "recipes/patches/a/b.patch"] {
            assert!(is_below(path), "{path}");
        }
        let deep = "a/".repeat(16) + "a";
        for path in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "./a",
            "a//b",
            "a/",
            "a\0",
            &deep,
        ] {
            assert!(!is_below(path), "{path:?}");
        }
    }
}
