//! What a yum repository says of an rpm: three pieces of XML.

use std::collections::BTreeSet;
use std::path::Path;

use rpm::{Dependency, DependencyFlags, FileFlags, FileType, PackageMetadata};

use super::entry::Entry;
use super::error::RepositoryError;
use super::order::RepositoryPackage;
use super::rpm_structure::rpm_problem;
use super::xml::Xml;
use crate::attestation::PublicPackageKey;

/// What scripts need before, after and around them.
const AROUND_SCRIPTS: DependencyFlags = DependencyFlags::PREREQ
    .union(DependencyFlags::SCRIPT_PRE)
    .union(DependencyFlags::SCRIPT_POST);

/// Reads the header of the rpm at `at`, which the release has as `package`, and requires that it is signed with `key`.
pub(super) fn rpm_entry(
    at: &Path,
    package: &RepositoryPackage,
    path: &str,
    key: &PublicPackageKey,
) -> Result<Entry, RepositoryError> {
    let refused = |source| RepositoryError::Rpm {
        path: package.path.clone(),
        source,
    };
    let unreadable = |source| RepositoryError::Unreadable {
        path: package.path.clone(),
        source,
    };
    if let Some(problem) = rpm_problem(at).map_err(unreadable)? {
        return Err(RepositoryError::RpmHeader {
            path: package.path.clone(),
            problem,
        });
    }
    let metadata = PackageMetadata::open(at).map_err(refused)?;
    let header = metadata.header_bytes().map_err(refused)?;
    let signatures = metadata.raw_signatures().map_err(refused)?;
    if !signatures
        .iter()
        .any(|signature| key.verify_packet(&header, signature))
    {
        return Err(RepositoryError::Unsigned {
            path: package.path.clone(),
            key: key.fingerprint(),
        });
    }
    let found = Found {
        path,
        package,
        metadata: &metadata,
    };
    found.entry().map_err(refused)
}

struct Found<'a> {
    path: &'a str,
    package: &'a RepositoryPackage,
    metadata: &'a PackageMetadata,
}

/// A file in a package, as the metadata list it.
struct Listed {
    path: String,
    kind: Option<&'static str>,
}

impl Found<'_> {
    fn entry(&self) -> Result<Entry, rpm::Error> {
        let metadata = self.metadata;
        let time = u32::try_from(metadata.get_build_time()?).unwrap_or(u32::MAX);
        let mut files = self.files()?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let epoch = metadata.get_epoch().unwrap_or_default();
        let version = format!(
            "{epoch}:{}-{}",
            metadata.get_version()?,
            metadata.get_release()?
        );
        Ok(Entry {
            name: metadata.get_name()?.to_owned(),
            arch: metadata.get_arch()?.to_owned(),
            version,
            sha256: self.package.sha256.clone(),
            size: self.package.size,
            path: self.path.to_owned(),
            time,
            texts: vec![
                self.primary(time, &files)?,
                self.further(&files)?,
                self.further(&[])?,
            ],
        })
    }

    fn files(&self) -> Result<Vec<Listed>, rpm::Error> {
        let entries = self.metadata.get_file_entries()?;
        let listed = entries.iter().map(|entry| Listed {
            path: entry.path().display().to_string(),
            kind: match entry.mode().file_type() {
                FileType::Dir => Some("dir"),
                _ if entry.flags().contains(FileFlags::GHOST) => Some("ghost"),
                _ => None,
            },
        });
        Ok(listed.collect())
    }

    fn evr(&self) -> Result<[(&'static str, String); 3], rpm::Error> {
        let metadata = self.metadata;
        Ok([
            (
                "epoch",
                metadata.get_epoch().unwrap_or_default().to_string(),
            ),
            ("ver", metadata.get_version()?.to_owned()),
            ("rel", metadata.get_release()?.to_owned()),
        ])
    }

    fn primary(&self, time: u32, files: &[Listed]) -> Result<String, rpm::Error> {
        let metadata = self.metadata;
        let optional = |found: Result<&str, rpm::Error>| found.unwrap_or_default().to_owned();
        let mut xml = Xml::piece();
        xml.begin("package", &[("type", "rpm")]);
        xml.text("name", &[], metadata.get_name()?);
        xml.text("arch", &[], metadata.get_arch()?);
        let evr = self.evr()?;
        xml.empty("version", &borrowed(&evr));
        let kind = [("type", "sha256"), ("pkgid", "YES")];
        xml.text("checksum", &kind, &self.package.sha256);
        xml.text("summary", &[], metadata.get_summary()?);
        xml.text("description", &[], &optional(metadata.get_description()));
        xml.text("packager", &[], &optional(metadata.get_packager()));
        xml.text("url", &[], &optional(metadata.get_url()));
        let time = time.to_string();
        xml.empty("time", &[("file", &time), ("build", &time)]);
        let size = self.package.size.to_string();
        let installed = metadata.get_installed_size()?.to_string();
        xml.empty(
            "size",
            &[
                ("package", &size),
                ("installed", &installed),
                ("archive", "0"),
            ],
        );
        xml.empty("location", &[("href", self.path)]);
        xml.begin("format", &[]);
        xml.text("rpm:license", &[], metadata.get_license()?);
        xml.text("rpm:vendor", &[], &optional(metadata.get_vendor()));
        xml.text("rpm:group", &[], &optional(metadata.get_group()));
        xml.text("rpm:buildhost", &[], &optional(metadata.get_build_host()));
        xml.text("rpm:sourcerpm", &[], &optional(metadata.get_source_rpm()));
        let offsets = metadata.get_package_segment_offsets();
        let range = [offsets.header.to_string(), offsets.payload.to_string()];
        xml.empty(
            "rpm:header-range",
            &[("start", &range[0]), ("end", &range[1])],
        );
        let provides = metadata.get_provides()?;
        let requires = metadata.get_requires()?;
        let own: BTreeSet<&str> = provides
            .iter()
            .map(|provided| provided.name.as_str())
            .chain(files.iter().map(|file| file.path.as_str()))
            .collect();
        // What the package manager has by itself, and what the package has.
        let is_asked = |dependency: &&Dependency| {
            !dependency.name.starts_with("rpmlib(") && !own.contains(dependency.name.as_str())
        };
        relations(&mut xml, "rpm:provides", provides.iter());
        relations(&mut xml, "rpm:requires", requires.iter().filter(is_asked));
        let further = [
            ("rpm:conflicts", metadata.get_conflicts()?),
            ("rpm:obsoletes", metadata.get_obsoletes()?),
        ];
        for (name, dependencies) in &further {
            relations(&mut xml, name, dependencies.iter());
        }
        for file in files.iter().filter(|file| is_primary(&file.path)) {
            listed(&mut xml, file);
        }
        xml.end("format");
        xml.end("package");
        Ok(xml.finish())
    }

    /// What the list of files and that of changes say; packages here have no changes.
    fn further(&self, files: &[Listed]) -> Result<String, rpm::Error> {
        let mut xml = Xml::piece();
        let metadata = self.metadata;
        let of_package = [
            ("pkgid", self.package.sha256.as_str()),
            ("name", metadata.get_name()?),
            ("arch", metadata.get_arch()?),
        ];
        xml.begin("package", &of_package);
        xml.empty("version", &borrowed(&self.evr()?));
        for file in files {
            listed(&mut xml, file);
        }
        xml.end("package");
        Ok(xml.finish())
    }
}

fn listed(xml: &mut Xml, file: &Listed) {
    let kind: Vec<_> = file.kind.iter().map(|kind| ("type", *kind)).collect();
    xml.text("file", &kind, &file.path);
}

/// Files that the first list has, so that the long one is not needed to find programs.
fn is_primary(path: &str) -> bool {
    path.starts_with("/etc/") || path.contains("bin/") || path == "/usr/lib/sendmail"
}

fn relations<'a>(xml: &mut Xml, element: &str, relations: impl Iterator<Item = &'a Dependency>) {
    let mut seen = BTreeSet::new();
    let relations: Vec<_> = relations
        .map(attributes)
        .filter(|attributes| seen.insert(attributes.clone()))
        .collect();
    if relations.is_empty() {
        return;
    }
    xml.begin(element, &[]);
    for attributes in relations {
        xml.empty("rpm:entry", &borrowed(&attributes));
    }
    xml.end(element);
}

fn attributes(dependency: &Dependency) -> Vec<(&'static str, String)> {
    let mut attributes = vec![("name", dependency.name.clone())];
    let flags = match dependency.flags.comparator_str() {
        "<" => "LT",
        ">" => "GT",
        "=" => "EQ",
        "<=" => "LE",
        ">=" => "GE",
        _ => "",
    };
    if !flags.is_empty() {
        attributes.push(("flags", flags.to_owned()));
        let version = dependency.version.as_str();
        let (epoch, version) = version.split_once(':').unwrap_or(("0", version));
        attributes.push(("epoch", epoch.to_owned()));
        let (version, release) = match version.split_once('-') {
            Some((version, release)) => (version, Some(release)),
            None => (version, None),
        };
        attributes.push(("ver", version.to_owned()));
        attributes.extend(release.map(|release| ("rel", release.to_owned())));
    }
    if dependency.flags.intersects(AROUND_SCRIPTS) {
        attributes.push(("pre", "1".to_owned()));
    }
    attributes
}

fn borrowed<'a>(attributes: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    let attributes = attributes.iter();
    attributes
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}
