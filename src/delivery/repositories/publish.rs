//! Makes repositories, or brings them up to date.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use tempfile::NamedTempFile;

use super::apt::AptMetadata;
use super::client_files::write_client_files;
use super::deb::deb_entry;
use super::directory::NewDirectory;
use super::earlier_apt::read_apt;
use super::earlier_yum::read_yum;
use super::entry::{Entry, select};
use super::error::RepositoryError;
use super::names::{APT, RepositoryKind, YUM, is_old_rpm};
use super::order::{RepositoryOrder, RepositoryPackage};
use super::parallel::in_parallel;
use super::pool::{check_sum, is_in_place, place, pool_path, remove_others, settle, stage};
use super::rpm::rpm_entry;
use super::yum::YumMetadata;
use crate::attestation::{PackageKeyKind, PublicPackageKey};
use crate::checksum::sha256_of;
use crate::inside::inside;
use crate::recipe::debian_order;

/// A repository that is in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedRepository {
    /// Its kind.
    pub kind: RepositoryKind,
    /// Name of the yum repository, or of the suite.
    pub name: String,
    /// Its directory, relative to that of all repositories.
    pub folder: String,
    /// How many packages it lists.
    pub packages: usize,
    /// The names of the packages.
    pub package_names: BTreeSet<String>,
    /// Whether that is different from before.
    pub changed: bool,
    /// Paths of the packages that were not listed before.
    pub added: BTreeSet<String>,
    /// Paths of the packages that are no longer listed.
    pub removed: BTreeSet<String>,
    /// All files in it, sorted by path.
    pub files: Vec<RepositoryFile>,
}

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryFile {
    /// Path relative to the directory of the repository.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Sha256.
    pub sha256: String,
}

/// Makes the repositories of `order`, or brings them up to date. Other runs on the same directories wait. A dry run writes
/// nothing, and its repositories have no files.
///
/// # Errors
/// [`RepositoryError`]; a repository that could not be made is as it was before.
pub fn publish_repositories(
    order: &RepositoryOrder<'_>,
) -> Result<Vec<PublishedRepository>, RepositoryError> {
    let mut published = Vec::new();
    if let Some(name) = &order.yum {
        refuse_old_rpm(name.as_str(), order.key.public())?;
        let folder = format!("{YUM}/{name}");
        let work = Work::begin(order, RepositoryKind::Yum, &folder, name.as_str())?;
        published.push(work.yum()?);
    }
    if let Some(name) = &order.apt {
        let work = Work::begin(order, RepositoryKind::Apt, APT, name.as_str())?;
        published.push(work.apt()?);
    }
    Ok(published)
}

/// Refuses a key that the rpm of the repository's distribution cannot check.
///
/// # Errors
/// [`RepositoryError::OldRpm`].
pub fn refuse_old_rpm(name: &str, key: &PublicPackageKey) -> Result<(), RepositoryError> {
    if is_old_rpm(name) && key.kind() == PackageKeyKind::Ed25519 {
        return Err(RepositoryError::OldRpm {
            name: name.to_owned(),
        });
    }
    Ok(())
}

/// The work on one repository.
struct Work<'a> {
    order: &'a RepositoryOrder<'a>,
    kind: RepositoryKind,
    name: &'a str,
    folder: String,
    root: PathBuf,
    /// Locked until the work is done; a dry run waits for nobody.
    _lock: Option<File>,
}

/// A package that is not in its place yet.
type Staged = BTreeMap<String, NamedTempFile>;

impl<'a> Work<'a> {
    fn begin(
        order: &'a RepositoryOrder<'a>,
        kind: RepositoryKind,
        folder: &str,
        name: &'a str,
    ) -> Result<Self, RepositoryError> {
        let root = order.root.join(folder);
        let lock = || {
            fs::create_dir_all(&root)?;
            let lock = File::open(&root)?;
            lock.lock()?;
            Ok(lock)
        };
        let lock = (!order.is_dry_run).then(lock).transpose();
        Ok(Self {
            order,
            kind,
            name,
            folder: folder.to_owned(),
            _lock: lock.map_err(RepositoryError::unwritable(&root))?,
            root,
        })
    }

    fn yum(&self) -> Result<PublishedRepository, RepositoryError> {
        let earlier = read_yum(&self.root, self.order.key.public());
        let earlier = earlier.map_err(|problem| self.foreign(problem))?;
        let is_first = earlier.is_none();
        let earlier = earlier.unwrap_or_default();
        let pool = "packages";
        let (entries, staged) = self.entries(pool, &earlier.entries, evr_order)?;
        let metadata = YumMetadata::of(&entries);
        let changed = is_first || metadata.lists != earlier.lists;
        if self.order.is_dry_run {
            return Ok(self.listed(changed, &entries, &earlier.entries));
        }
        if changed {
            let time = self.time(&entries, earlier.revision, is_first);
            self.place(&entries, staged)?;
            let place = self.root.join("repodata");
            let write = || -> io::Result<()> {
                let new = NewDirectory::new(&place)?;
                let signed = metadata.signed(time, self.order.key);
                let signed = signed.iter().map(|(path, text)| (*path, text.as_bytes()));
                let lists = metadata.lists.iter().chain(&earlier.lists);
                let lists = lists.map(|(path, content)| (path.as_str(), content.as_slice()));
                for (path, content) in lists.chain(signed) {
                    new.write(path.trim_start_matches("repodata/"), content)?;
                }
                new.publish()
            };
            write().map_err(RepositoryError::unwritable(&place))?;
        }
        self.finish(pool, changed, &entries, &earlier.entries)
    }

    fn apt(&self) -> Result<PublishedRepository, RepositoryError> {
        let place = self.root.join("dists").join(self.name);
        let time_of = |path: &str| {
            let path = inside(&self.root, path).ok()?;
            let modified = fs::symlink_metadata(path).ok()?.modified().ok()?;
            let since = modified.duration_since(UNIX_EPOCH).ok()?;
            u32::try_from(since.as_secs()).ok()
        };
        let earlier = read_apt(&place, self.order.key.public(), time_of);
        let earlier = earlier.map_err(|problem| self.foreign(problem))?;
        let is_first = earlier.is_none();
        let earlier = earlier.unwrap_or_default();
        let pool = format!("pool/{}", self.name);
        let (entries, staged) = self.entries(&pool, &earlier.entries, debian_order)?;
        let metadata = AptMetadata::of(&entries);
        let changed = is_first || metadata.lists != earlier.lists;
        if self.order.is_dry_run {
            return Ok(self.listed(changed, &entries, &earlier.entries));
        }
        if changed {
            let time = self.time(&entries, earlier.date, is_first);
            self.place(&entries, staged)?;
            let write = || -> io::Result<()> {
                let new = NewDirectory::new(&place)?;
                for (path, content) in &metadata.lists {
                    new.write(path, content)?;
                }
                for (path, content) in metadata.lists.iter().chain(&earlier.lists) {
                    let path = AptMetadata::by_hash(path, content).unwrap_or_default();
                    if !new.has(&path) {
                        new.write(&path, content)?;
                    }
                }
                for (path, text) in metadata.signed(self.name, time, self.order.key) {
                    new.write(path, text.as_bytes())?;
                }
                new.publish()
            };
            write().map_err(RepositoryError::unwritable(&place))?;
        }
        self.finish(&pool, changed, &entries, &earlier.entries)
    }

    /// What the repository lists from now on, and the packages among them that are not in their places.
    fn entries(
        &self,
        pool: &str,
        earlier: &[Entry],
        version_order: fn(&str, &str) -> Ordering,
    ) -> Result<(Vec<Entry>, Staged), RepositoryError> {
        let there = earlier
            .iter()
            .filter(|entry| is_in_place(&self.root, &entry.path, entry.size, entry.time));
        let there: BTreeMap<&str, &Entry> =
            there.map(|entry| (entry.path.as_str(), entry)).collect();
        let (mut new, mut to_take) = (Vec::new(), Vec::new());
        for package in self.of_kind() {
            let path = pool_path(pool, package).ok_or_else(|| RepositoryError::Unreadable {
                path: package.path.clone(),
                source: io::Error::from(io::ErrorKind::InvalidFilename),
            })?;
            let known = there.get(path.as_str());
            if let Some(known) = known.filter(|known| known.sha256 == package.sha256) {
                new.push((*known).clone());
                continue;
            }
            to_take.push((package, path));
        }
        let mut staged = Staged::new();
        let taken = in_parallel(&to_take, |(package, path)| self.stage(package, path));
        for ((_, path), taken) in to_take.iter().zip(taken) {
            let (file, entry) = taken?;
            new.push(entry);
            if let Some(file) = file {
                staged.insert(path.clone(), file);
            }
        }
        let earlier = there.into_values().cloned().collect();
        let entries = select(earlier, new, self.order.keep, version_order);
        if entries.is_empty() {
            return Err(RepositoryError::NoPackages {
                kind: self.kind,
                name: self.name.to_owned(),
                ending: self.kind.ending(),
            });
        }
        Ok((entries, staged))
    }

    /// Takes a package over, and reads what the repository says of it. A dry run reads it where it is.
    fn stage(
        &self,
        package: &RepositoryPackage,
        path: &str,
    ) -> Result<(Option<NamedTempFile>, Entry), RepositoryError> {
        let read = |file: &Path| match self.kind {
            RepositoryKind::Yum => rpm_entry(file, package, path, self.order.key.public()),
            RepositoryKind::Apt => deb_entry(file, package, path.to_owned()),
        };
        if self.order.is_dry_run {
            check_sum(package)?;
            return Ok((None, read(&package.path)?));
        }
        let file = stage(&self.root, package)?;
        let entry = read(file.path())?;
        settle(&self.root, &file, entry.time)?;
        Ok((Some(file), entry))
    }

    fn of_kind(&self) -> impl Iterator<Item = &RepositoryPackage> {
        self.order.packages.iter().filter(|package| {
            let name = package.path.file_name().unwrap_or_default();
            name.to_string_lossy().ends_with(self.kind.ending())
        })
    }

    /// The time of the metadata, in seconds since 1970: that of the newest package, not before the key was made, and later
    /// than what was said before, because yum and apt do not go back.
    fn time(&self, entries: &[Entry], earlier: u32, is_first: bool) -> u32 {
        let newest = entries.iter().map(|entry| entry.time).max();
        let created = self.order.key.public().created_at();
        let after = if is_first {
            0
        } else {
            earlier.saturating_add(1)
        };
        newest.unwrap_or_default().max(created).max(after)
    }

    fn place(&self, entries: &[Entry], mut staged: Staged) -> Result<(), RepositoryError> {
        for entry in entries {
            if let Some(file) = staged.remove(&entry.path) {
                place(&self.root, &entry.path, file)?;
            }
        }
        Ok(())
    }

    fn finish(
        &self,
        pool: &str,
        changed: bool,
        entries: &[Entry],
        earlier: &[Entry],
    ) -> Result<PublishedRepository, RepositoryError> {
        let unwritable = || RepositoryError::unwritable(&self.root);
        let key = self.order.key.public();
        write_client_files(
            &self.root,
            self.kind,
            self.name,
            self.order.url.as_ref(),
            key,
        )?;
        // Clients that read the metadata before may still ask for what those name.
        let sums: BTreeMap<&str, &Entry> = entries
            .iter()
            .chain(earlier)
            .map(|entry| (entry.path.as_str(), entry))
            .collect();
        if changed {
            let named: BTreeSet<_> = sums.keys().map(|path| (*path).to_owned()).collect();
            remove_others(&self.root, pool, &named).map_err(unwritable())?;
        }
        let mut files = Vec::new();
        list(&self.root, "", &sums, &mut files).map_err(unwritable())?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(PublishedRepository {
            files,
            ..self.listed(changed, entries, earlier)
        })
    }

    /// What the repository lists, without its files.
    fn listed(&self, changed: bool, entries: &[Entry], earlier: &[Entry]) -> PublishedRepository {
        let paths = |entries: &[Entry]| -> BTreeSet<String> {
            entries.iter().map(|entry| entry.path.clone()).collect()
        };
        let (now, before) = (paths(entries), paths(earlier));
        PublishedRepository {
            kind: self.kind,
            name: self.name.to_owned(),
            folder: self.folder.clone(),
            packages: entries.len(),
            package_names: entries.iter().map(|entry| entry.name.clone()).collect(),
            changed,
            added: now.difference(&before).cloned().collect(),
            removed: before.difference(&now).cloned().collect(),
            files: Vec::new(),
        }
    }

    fn foreign(&self, problem: String) -> RepositoryError {
        RepositoryError::Foreign {
            path: self.root.clone(),
            key: self.order.key.public().fingerprint(),
            problem,
        }
    }
}

/// Versions of rpm with their epochs and releases.
fn evr_order(left: &str, right: &str) -> Ordering {
    rpm_version::rpm_evr_compare(left, right)
}

/// All files below a directory. The sha256 of packages is known.
fn list(
    root: &Path,
    below: &str,
    known: &BTreeMap<&str, &Entry>,
    files: &mut Vec<RepositoryFile>,
) -> io::Result<()> {
    for found in fs::read_dir(root.join(below))? {
        let found = found?;
        let path = format!("{below}{}", found.file_name().to_string_lossy());
        if found.file_type()?.is_dir() {
            list(root, &format!("{path}/"), known, files)?;
            continue;
        }
        let (size, sha256) = match known.get(path.as_str()) {
            Some(entry) => (entry.size, entry.sha256.clone()),
            None => sha256_of(File::open(found.path())?)?,
        };
        files.push(RepositoryFile { path, size, sha256 });
    }
    Ok(())
}
