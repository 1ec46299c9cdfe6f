//! The `.deb`: an ar archive of two tar archives, compressed so that dpkg of Debian 8 can read it.
//!
//! There is no maintained library for packages other than those of cargo projects; the archives themselves are written by
//! libraries.

use std::io::{self, Read, Seek as _, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::NamedTempFile;

use super::architecture::architecture;
use super::contents::Contents;
use super::error::PackagingError;
use super::file_name::package_file_name;
use super::scripts::Scripts;
use super::settings::{PackageSettings, description, new_package};
use super::tarball::{Member, members, tar};
use super::version::PackageVersion;
use crate::artifacts::Manifest;
use crate::recipe::{Comparison, Package, PackageFormat, Relation};

/// dpkg warns about packages without a maintainer; mail to this one stays on the machine.
const MAINTAINER: &str = "kmembuild <root@localhost>";

pub(super) fn pack(
    settings: &PackageSettings<'_>,
    manifest: &Manifest,
    contents: &Contents,
    out: &Path,
) -> Result<NamedTempFile, PackagingError> {
    let package = settings.package;
    let go = manifest.platform.rsplit('-').next().unwrap_or_default();
    let arch = architecture(PackageFormat::Deb, go)?;
    let version = PackageVersion::new(&manifest.version, package)?.deb();
    let file_name = package_file_name(
        PackageFormat::Deb,
        package,
        &manifest.version,
        &manifest.platform,
    )?;
    let unwritable = |source| PackagingError::Unwritable {
        path: out.join(&file_name),
        source,
    };
    let own_files = contents.own_files();
    let own_files_path = Scripts::own_files_path(package);
    let mut data: Vec<_> = members(contents).collect();
    data.push(Member::new(
        &own_files_path[1..],
        0o644,
        own_files.as_bytes(),
    ));
    let control_file = control(package, manifest, &version, arch, &data, contents);
    let scripts = control_scripts(package, contents);
    let conffiles: String = contents
        .files
        .iter()
        .filter(|file| file.config)
        .map(|file| format!("{}\n", file.path))
        .collect();
    let mut inside = vec![Member::new("control", 0o644, control_file.as_bytes())];
    if !conffiles.is_empty() {
        inside.push(Member::new("conffiles", 0o644, conffiles.as_bytes()));
    }
    for (name, script) in &scripts {
        inside.push(Member::new(name, 0o755, script.as_bytes()));
    }
    let file = archive(settings.modified, inside, data, out).map_err(unwritable)?;
    Ok(file)
}

fn archive(
    modified: u32,
    control: Vec<Member<'_>>,
    data: Vec<Member<'_>>,
    out: &Path,
) -> io::Result<NamedTempFile> {
    let control = gzip(Vec::new(), modified, control)?;
    // Its size comes before it.
    let mut data = gzip(tempfile::tempfile_in(out)?, modified, data)?;
    let length = data.stream_position()?;
    data.rewind()?;
    let mut deb = ar::Builder::new(new_package(out)?);
    for (name, length, content) in [
        (
            "debian-binary",
            4,
            &mut b"2.0\n".as_slice() as &mut dyn Read,
        ),
        (
            "control.tar.gz",
            control.len() as u64,
            &mut control.as_slice(),
        ),
        ("data.tar.gz", length, &mut data),
    ] {
        let mut header = ar::Header::new(name.into(), length);
        header.set_mode(0o100_644);
        header.set_mtime(modified.into());
        deb.append(&header, content)?;
    }
    deb.into_inner()
}

fn gzip<W: Write>(to: W, modified: u32, members: Vec<Member<'_>>) -> io::Result<W> {
    let mut encoder = GzEncoder::new(to, Compression::new(6));
    tar(&mut encoder, "./", modified, members)?;
    encoder.finish()
}

fn control(
    package: &Package,
    manifest: &Manifest,
    version: &str,
    arch: &str,
    data: &[Member<'_>],
    contents: &Contents,
) -> String {
    let maintainer = package.maintainer.as_ref();
    let maintainer = maintainer.map_or(MAINTAINER, |maintainer| &maintainer.value);
    // In KiB, each file rounded up.
    let size: u64 = data.iter().map(|file| file.size().div_ceil(1024)).sum();
    let mut text = format!(
        "Package: {}\nVersion: {version}\nArchitecture: {arch}\nMaintainer: {maintainer}\nInstalled-Size: {size}\n",
        package.name.value
    );
    let libc = contents
        .glibc
        .iter()
        .map(|glibc| format!("libc6 (>= {})", glibc.version));
    let depends: Vec<_> = libc
        .chain(package.deb.requires.iter().map(relation))
        .collect();
    let further = [
        ("Depends", depends),
        (
            "Provides",
            package.deb.provides.iter().map(relation).collect(),
        ),
        (
            "Conflicts",
            package.deb.conflicts.iter().map(relation).collect(),
        ),
    ];
    for (field, relations) in further {
        if !relations.is_empty() {
            text += &format!("{field}: {}\n", relations.join(", "));
        }
    }
    text += "Section: admin\nPriority: optional\n";
    if let Some(homepage) = &package.homepage {
        text += &format!("Homepage: {}\n", homepage.value);
    }
    text += &format!("Description: {}\n", package.summary.value);
    for line in description(package, manifest).lines() {
        let line = if line.trim().is_empty() {
            "."
        } else {
            line.trim_end()
        };
        text += &format!(" {line}\n");
    }
    text
}

fn relation(relation: &Relation) -> String {
    let name = &relation.name;
    match &relation.versions {
        None => name.clone(),
        Some((Comparison::Less, version)) => format!("{name} (<< {version})"),
        Some((Comparison::Equal, version)) => format!("{name} (= {version})"),
        Some((Comparison::AtLeast, version)) => format!("{name} (>= {version})"),
    }
}

/// The maintainer scripts; their first argument is the action.
fn control_scripts(package: &Package, contents: &Contents) -> Vec<(&'static str, String)> {
    let scripts = Scripts::new(package, contents);
    let shell = "#!/bin/sh\n";
    let only = |actions: &str, script: &str| {
        format!("{shell}case \"$1\" in\n{actions}) ;;\n*) exit 0 ;;\nesac\n\n{script}")
    };
    let mut all = vec![(
        "preinst",
        only("install | upgrade", &scripts.before_install),
    )];
    if let Some(script) = &scripts.after_install {
        all.push(("postinst", only("configure", script)));
    }
    // An installation that failed left the old files, of which nothing needs to be kept.
    // What was removed is no longer in dpkg's list when the script runs.
    let after_removal = scripts.after_removal("[ \"$1\" != remove ]", false);
    let actions = "remove | upgrade | abort-install | abort-upgrade";
    all.push(("postrm", only(actions, &after_removal)));
    all
}
