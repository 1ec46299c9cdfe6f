//! Packages of several versions, and a repository of some of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kmembuild::attestation::PackageKey;
use kmembuild::checksum::sha256_hex;
use kmembuild::delivery::packaging::PackageFormat;
use kmembuild::delivery::repositories::{
    PublishedRepository, RepositoryError, RepositoryOrder, RepositoryPackage, publish_repositories,
};
use tempfile::TempDir;

use super::super::result::Published;
use crate::support::package_key::MadeKey;

/// When the tests read their keys: after these were made.
const LATER: i64 = 4_000_000_000;

/// A key, and a directory for repositories.
pub struct Shelf {
    folder: TempDir,
    pub made: MadeKey,
    pub key: PackageKey,
    pub url: Option<String>,
    pub keep: Option<u32>,
}

/// A packed result.
pub struct Packed {
    _published: Published,
    pub files: Vec<RepositoryPackage>,
    /// What its program is.
    pub program: Vec<u8>,
}

impl Shelf {
    /// With a new key of a kind.
    pub fn new(kind: &str) -> Self {
        let made = MadeKey::new(kind, "sign");
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            key: PackageKey::read(&made.secret(), LATER).expect("a key"),
            made,
            url: None,
            keep: None,
        }
    }

    /// Where the repositories are.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The directory of the yum repository.
    pub fn yum(&self) -> PathBuf {
        self.root().join("yum/el7")
    }

    /// The directory of the apt repository.
    pub fn apt(&self) -> PathBuf {
        self.root().join("apt")
    }

    /// The rpm and the deb of a version of a recipe, signed.
    pub fn pack(&self, recipe: &str, version: &str, program: &str) -> Packed {
        let mut published = Published::new(recipe, version, recipe, program);
        // A runc is static.
        published.manifest.files[0].findings.glibc = None;
        let file = |format| {
            let path = published.signed(format, &self.key);
            let bytes = fs::read(&path).expect("a package");
            RepositoryPackage {
                path,
                size: bytes.len() as u64,
                sha256: sha256_hex(&bytes),
            }
        };
        Packed {
            files: vec![file(PackageFormat::Rpm), file(PackageFormat::Deb)],
            program: fs::read(program).expect("a program"),
            _published: published,
        }
    }

    /// Publishes packages, or is refused.
    pub fn try_publish(
        &self,
        packages: &[&Packed],
    ) -> Result<Vec<PublishedRepository>, RepositoryError> {
        publish_repositories(&self.order(packages))
    }

    /// Publishes packages.
    #[track_caller]
    pub fn publish(&self, packages: &[&Packed]) -> Vec<PublishedRepository> {
        self.try_publish(packages).expect("repositories")
    }

    /// The order for both repositories.
    pub fn order(&self, packages: &[&Packed]) -> RepositoryOrder<'_> {
        let keep = self.keep.map(|keep| keep.try_into().expect("not 0"));
        let url = self.url.as_ref();
        RepositoryOrder {
            root: self.root().to_owned(),
            yum: Some("el7".parse().expect("a name")),
            apt: Some("stable".parse().expect("a name")),
            url: url.map(|url| url.parse().expect("a URL")),
            keep,
            is_dry_run: false,
            key: &self.key,
            packages: packages
                .iter()
                .flat_map(|packed| packed.files.clone())
                .collect(),
        }
    }

    /// Every file below the root, and its content.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(self.root(), "", &mut found);
        found
    }

    /// The only file below `folder` whose path ends so.
    #[track_caller]
    pub fn only(&self, folder: &str, ending: &str) -> PathBuf {
        let files = self.files();
        let matching = |path: &&String| path.starts_with(folder) && path.ends_with(ending);
        let found: Vec<_> = files.keys().filter(matching).collect();
        assert_eq!(found.len(), 1, "{folder}*{ending}: {found:?}");
        self.root().join(found[0])
    }
}

fn collect(root: &Path, below: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(root.join(below)).expect("a folder") {
        let entry = entry.expect("an entry");
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_type().expect("a type").is_dir() {
            collect(root, &format!("{path}/"), found);
        } else {
            found.insert(path, fs::read(entry.path()).expect("a file"));
        }
    }
}

/// Changes one byte of a file while `work` runs.
pub fn with_a_changed_byte<T>(file: &Path, work: impl FnOnce() -> T) -> T {
    let before = fs::read(file).expect("a file");
    let mut bytes = before.clone();
    let middle = bytes.len() / 2;
    // Text stays text, with another value.
    bytes[middle] ^= 1;
    fs::write(file, bytes).expect("written");
    let done = work();
    fs::write(file, before).expect("restored");
    done
}
