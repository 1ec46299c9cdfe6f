//! The plain `.tar.zst`, and tar archives that contain nothing about this machine.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::content::Content;
use super::contents::Contents;
use super::error::PackagingError;
use super::file_name::{package_file_name, tarball_directory};
use super::settings::{PackageSettings, new_package};
use crate::artifacts::{MANIFEST, Manifest, SHA256SUMS};
use crate::checksum::sha256_hex;
use crate::recipe::PackageFormat;

/// The level of zstd; the highest levels take minutes for kubelet.
const LEVEL: i32 = 12;

/// A file or directory of a tar archive.
pub(super) struct Member<'a> {
    /// The path without a leading slash; a directory's ends with a slash.
    pub(super) path: &'a str,
    pub(super) mode: u16,
    content: Bytes<'a>,
    /// Its target, if it is a symbolic link.
    link: Option<&'a str>,
}

/// What a member contains.
#[derive(Clone, Copy)]
enum Bytes<'a> {
    Here(&'a [u8]),
    Of(&'a Content),
}

impl<'a> Member<'a> {
    pub(super) fn new(path: &'a str, mode: u16, bytes: &'a [u8]) -> Self {
        Self {
            path,
            mode,
            content: Bytes::Here(bytes),
            link: None,
        }
    }

    /// Its size in bytes.
    pub(super) fn size(&self) -> u64 {
        match self.content {
            Bytes::Here(bytes) => bytes.len() as u64,
            Bytes::Of(content) => content.size(),
        }
    }

    fn reader(&self) -> io::Result<Box<dyn Read + 'a>> {
        match self.content {
            Bytes::Here(bytes) => Ok(Box::new(bytes)),
            Bytes::Of(content) => content.reader(),
        }
    }
}

/// Everything is below one directory with the archive's name, so that it can be unpacked anywhere.
pub(super) fn pack(
    settings: &PackageSettings<'_>,
    manifest: &Manifest,
    contents: &Contents,
    out: &Path,
) -> Result<NamedTempFile, PackagingError> {
    let (package, version, platform) = (settings.package, &manifest.version, &manifest.platform);
    let top = tarball_directory(package, version, platform);
    let file_name = package_file_name(PackageFormat::TarZst, package, version, platform)?;
    let mut manifest_json =
        serde_json::to_vec_pretty(manifest).map_err(|source| PackagingError::Manifest {
            package: file_name.clone(),
            source,
        })?;
    manifest_json.push(b'\n');
    let files = contents.files.iter().filter(|file| file.link.is_none());
    let mut sums: String = files
        .map(|file| format!("{}  {}\n", file.sha256, &file.path[1..]))
        .collect();
    sums += &format!("{}  {MANIFEST}\n", sha256_hex(&manifest_json));
    let mut members: Vec<_> = members(contents).collect();
    members.push(Member::new(MANIFEST, 0o644, &manifest_json));
    members.push(Member::new(SHA256SUMS, 0o644, sums.as_bytes()));
    let write = || -> io::Result<NamedTempFile> {
        let mut file = new_package(out)?;
        let mut encoder = zstd::Encoder::new(file.as_file_mut(), LEVEL)?;
        tar(&mut encoder, &format!("{top}/"), settings.modified, members)?;
        encoder.finish()?;
        Ok(file)
    };
    let file = write().map_err(|source| PackagingError::Unwritable {
        path: out.join(&file_name),
        source,
    })?;
    Ok(file)
}

/// The files, links and directories of a package.
pub(super) fn members(contents: &Contents) -> impl Iterator<Item = Member<'_>> {
    let folders = contents.directories.iter();
    let folders = folders.map(|path| Member::new(&path[1..], 0o755, &[]));
    let files = contents.files.iter().map(|file| Member {
        link: file.link.as_deref(),
        content: Bytes::Of(&file.content),
        ..Member::new(&file.path[1..], file.mode, &[])
    });
    folders.chain(files)
}

/// Writes a tar archive of the members below the directory `top`, sorted by path, each after its parents.
pub(super) fn tar(
    to: impl Write,
    top: &str,
    modified: u32,
    mut members: Vec<Member<'_>>,
) -> io::Result<()> {
    members.sort_by_key(|member| member.path);
    let mut archive = tar::Builder::new(to);
    let mut folders = BTreeSet::new();
    folder(&mut archive, top, modified)?;
    for member in members {
        for (end, _) in member.path.match_indices('/') {
            let path = &member.path[..=end];
            if folders.insert(path) {
                folder(&mut archive, &format!("{top}{path}"), modified)?;
            }
        }
        if member.path.ends_with('/') {
            continue;
        }
        let mut header = header(modified, member.mode);
        if let Some(link) = member.link {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_mode(0o777);
            header.set_link_name_literal(link)?;
        }
        header.set_size(member.size());
        let path = format!("{top}{}", member.path);
        append(&mut archive, header, &path, &mut member.reader()?)?;
    }
    archive.into_inner()?.flush()
}

fn folder(archive: &mut tar::Builder<impl Write>, path: &str, modified: u32) -> io::Result<()> {
    let mut header = header(modified, 0o755);
    header.set_entry_type(tar::EntryType::Directory);
    header.set_size(0);
    append(archive, header, path, &mut io::empty())
}

fn header(modified: u32, mode: u16) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode.into());
    header.set_mtime(modified.into());
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// Writes the name unchanged: the library would remove the `./` that dpkg's archives have.
fn append(
    archive: &mut tar::Builder<impl Write>,
    mut header: tar::Header,
    path: &str,
    content: &mut dyn Read,
) -> io::Result<()> {
    header.set_username("root")?;
    header.set_groupname("root")?;
    let field = &mut header.as_old_mut().name;
    if path.len() > field.len() {
        return archive.append_data(&mut header, path, content);
    }
    field[..path.len()].copy_from_slice(path.as_bytes());
    header.set_cksum();
    archive.append(&header, content)
}
