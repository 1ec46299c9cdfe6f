//! The `.rpm`, in the format and with the digests that rpm 4.11 of `CentOS` 7 can read, and with its compression unless the
//! recipe says otherwise.
//!
//! The library makes the package without the outputs, which it would hold in memory. What depends on them in the header is
//! then set, and the payload is written beside it.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use rpm::{
    BuildConfig, CompressionWithLevel, Dependency, FileEntry, FileOptions, FileOptionsBuilder,
    HEADER_IMMUTABLE, Header, HeaderEntry, IndexData, IndexTag, PackageBuilder, PackageMetadata,
    RpmFormat, SignatureHeaderBuilder, Timestamp,
};

use tempfile::NamedTempFile;

use super::architecture::architecture;
use super::content::Content;
use super::contents::{Contents, Entry};
use super::error::PackagingError;
use super::file_name::package_file_name;
use super::rpm_payload::{self, Member, Payload};
use super::scripts::Scripts;
use super::settings::{PackageSettings, description, new_package};
use super::version::PackageVersion;
use crate::artifacts::Manifest;
use crate::recipe::{Comparison, Package, PackageFormat, Relation, RpmCompression};

pub(super) fn pack(
    settings: &PackageSettings<'_>,
    manifest: &Manifest,
    contents: &Contents,
    out: &Path,
) -> Result<NamedTempFile, PackagingError> {
    let package = settings.package;
    let go = manifest.platform.rsplit('-').next().unwrap_or_default();
    let arch = architecture(PackageFormat::Rpm, go)?;
    let (version, release) = PackageVersion::new(&manifest.version, package)?.rpm();
    let file_name = package_file_name(
        PackageFormat::Rpm,
        package,
        &manifest.version,
        &manifest.platform,
    )?;
    let failed = |source| PackagingError::Rpm {
        name: file_name.clone(),
        source,
    };

    let own_files = contents.own_files();
    let metadata = without_outputs(settings, manifest, contents, (&version, &release, arch));
    let metadata = metadata.map_err(failed)?;
    let unwritable = |source| PackagingError::Unwritable {
        path: out.join(&file_name),
        source,
    };
    let entries = metadata.get_file_entries().map_err(failed)?;
    let files = sizes_and_sums(&entries, contents).map_err(unwritable)?;
    let compression = package.rpm_compression;
    let members = entries.iter().zip(&files);
    let members = members.map(|(entry, file)| member(entry, file, contents, &own_files));
    let members: io::Result<Vec<_>> = members.collect();
    let payload = members.and_then(|members| rpm_payload::write(compression, members, out));
    let mut payload = payload.map_err(unwritable)?;
    let metadata = complete(metadata, files, compression, &payload);
    let metadata = metadata
        .and_then(|metadata| sign(metadata, &payload, settings))
        .map_err(failed)?;

    let file = new_package(out).map_err(unwritable)?;
    let mut writer = BufWriter::new(file);
    metadata.write(&mut writer).map_err(failed)?;
    io::copy(&mut payload.file, &mut writer).map_err(unwritable)?;
    writer.flush().map_err(unwritable)?;
    let file = writer
        .into_inner()
        .map_err(|error| unwritable(error.into_error()))?;
    Ok(file)
}

/// The package as the library makes it if all outputs are empty.
fn without_outputs(
    settings: &PackageSettings<'_>,
    manifest: &Manifest,
    contents: &Contents,
    (version, release, arch): (&str, &str, &str),
) -> Result<PackageMetadata, rpm::Error> {
    let package = settings.package;
    let name = package.name.value.as_str();
    let license = &package.license.value;
    let mut builder = PackageBuilder::new(name, version, license, arch, &package.summary.value);
    builder
        .using_config(
            BuildConfig::v4()
                .source_date(settings.modified)
                .compression(CompressionWithLevel::None)
                .reserved_space(None),
        )
        .release(release)
        .description(description(package, manifest))
        // Old tools require a build host.
        .build_host("localhost");
    if let Some(homepage) = &package.homepage {
        builder.url(&homepage.value);
    }
    if let Some(maintainer) = &package.maintainer {
        builder.packager(&maintainer.value);
    }
    relations(&mut builder, package, contents);
    scripts(&mut builder, package, contents);
    let time = Timestamp(settings.modified);
    let options = FileOptions::new(Scripts::own_files_path(package)).permissions(0o644);
    builder.with_file_contents(contents.own_files(), options.modified_at(time))?;
    for folder in &contents.directories {
        let options = FileOptions::dir(folder).permissions(0o755);
        builder.with_dir_entry(options.modified_at(time))?;
    }
    for file in &contents.files {
        let options = options_of(file).modified_at(time);
        match (&file.link, &file.content) {
            (Some(_), _) => builder.with_symlink(options),
            (None, Content::Text(text)) => builder.with_file_contents(text.as_slice(), options),
            (None, Content::Output(_)) => builder.with_file_contents("", options),
        }?;
    }
    Ok(builder.build()?.metadata)
}

/// What the header says of a file's content.
struct OfContent {
    size: u32,
    sha256: String,
}

/// The size and the sum of each file of the package, in their order.
fn sizes_and_sums(entries: &[FileEntry<'_>], contents: &Contents) -> io::Result<Vec<OfContent>> {
    let too_large = || {
        io::Error::new(
            io::ErrorKind::FileTooLarge,
            "rpm packages have less than 4 GiB",
        )
    };
    let outputs: BTreeMap<_, _> = contents
        .files
        .iter()
        .filter(|file| matches!(file.content, Content::Output(_)))
        .map(|file| (Path::new(&file.path), file))
        .collect();
    let mut all = 0_u32;
    let mut found = Vec::new();
    for entry in entries {
        let of_library = entry.digest().map_or("", |digest| digest.as_hex());
        let (size, sha256) = match outputs.get(entry.path().as_path()) {
            Some(file) => (file.content.size(), file.sha256.as_str()),
            None => (entry.size() as u64, of_library),
        };
        let size = u32::try_from(size).map_err(|_| too_large())?;
        all = all.checked_add(size).ok_or_else(too_large)?;
        let sha256 = sha256.to_owned();
        found.push(OfContent { size, sha256 });
    }
    Ok(found)
}

/// A file as it is in the payload.
fn member<'a>(
    entry: &'a FileEntry<'_>,
    of_content: &OfContent,
    contents: &'a Contents,
    own_files: &'a str,
) -> io::Result<Member<'a>> {
    let path = entry.path();
    let file = contents
        .files
        .iter()
        .find(|file| Path::new(&file.path) == path);
    let content: Box<dyn io::Read> = match file {
        Some(file) => match &file.link {
            Some(link) => Box::new(link.as_bytes()),
            None => file.content.reader()?,
        },
        // A directory has no bytes, and there is one file that is not of the recipe.
        None if of_content.size == 0 => Box::new(io::empty()),
        None => Box::new(own_files.as_bytes()),
    };
    Ok(Member {
        path,
        mode: entry.mode().raw_mode().into(),
        modified: entry.modified_at().0,
        size: of_content.size,
        content,
    })
}

/// Sets what depends on the outputs and the payload.
fn complete(
    metadata: PackageMetadata,
    files: Vec<OfContent>,
    compression: RpmCompression,
    payload: &Payload,
) -> Result<PackageMetadata, rpm::Error> {
    let (name, level) = compression.tags();
    let (sizes, sums): (Vec<_>, Vec<_>) = files
        .into_iter()
        .map(|file| (file.size, file.sha256))
        .unzip();
    let set: BTreeMap<u32, IndexData> = [
        (
            IndexTag::RPMTAG_SIZE,
            IndexData::Int32(vec![sizes.iter().sum()]),
        ),
        (IndexTag::RPMTAG_FILESIZES, IndexData::Int32(sizes)),
        (IndexTag::RPMTAG_FILEDIGESTS, IndexData::StringArray(sums)),
        (
            IndexTag::RPMTAG_PAYLOADSHA256,
            IndexData::StringArray(vec![payload.sha256.clone()]),
        ),
        (
            IndexTag::RPMTAG_PAYLOADSHA256ALT,
            IndexData::StringArray(vec![payload.archive_sha256.clone()]),
        ),
        (
            IndexTag::RPMTAG_PAYLOADCOMPRESSOR,
            IndexData::StringTag(name.to_owned()),
        ),
        (IndexTag::RPMTAG_PAYLOADFLAGS, IndexData::StringTag(level)),
    ]
    .into_iter()
    .map(|(tag, data)| (tag.into(), data))
    .collect();
    let kept = metadata.header.get_all_entries()?.into_iter();
    // The mark of the region is made anew.
    let kept = kept.filter(|(tag, _)| *tag != HEADER_IMMUTABLE && !set.contains_key(tag));
    let kept: Vec<_> = kept.collect();
    let entries = kept.into_iter().chain(set);
    let entries = entries.map(|(tag, data)| HeaderEntry::new(tag, data));
    Ok(PackageMetadata {
        header: Header::from_entries(entries, IndexTag::RPMTAG_HEADERIMMUTABLE),
        ..metadata
    })
}

/// Adds the digests and the signature of the header, which has the digests of all files and of the payload.
fn sign(
    metadata: PackageMetadata,
    payload: &Payload,
    settings: &PackageSettings<'_>,
) -> Result<PackageMetadata, rpm::Error> {
    let header = metadata.header_bytes()?;
    let mut builder = SignatureHeaderBuilder::new()
        .format(RpmFormat::V4)
        .reserved_space(None)
        .set_content_length(header.len() as u64 + payload.size)
        .calculate_digests(&header);
    if let Some(key) = settings.key {
        let signature = key.sign(header.as_slice(), settings.modified)?;
        builder = builder.add_openpgp_signature(signature);
    }
    Ok(PackageMetadata {
        signature: builder.build()?,
        ..metadata
    })
}

fn options_of(file: &Entry) -> FileOptionsBuilder {
    if let Some(link) = &file.link {
        return FileOptions::symlink(&file.path, link);
    }
    let options = FileOptions::new(&file.path).permissions(file.mode);
    if file.config {
        options.config().noreplace()
    } else {
        options
    }
}

fn relations(builder: &mut PackageBuilder, package: &Package, contents: &Contents) {
    for relation in &package.rpm.requires {
        builder.requires(dependency(relation));
    }
    for relation in &package.rpm.provides {
        builder.provides(dependency(relation));
    }
    for relation in &package.rpm.conflicts {
        builder.conflicts(dependency(relation));
    }
    if let Some(glibc) = &contents.glibc {
        let width = if glibc.bits == 64 { "(64bit)" } else { "" };
        let name = format!("libc.so.6(GLIBC_{}){width}", glibc.version);
        builder.requires(Dependency::any(name));
    }
    if package.rpm_compression == RpmCompression::Zstd {
        // Since that version, rpm can read it.
        builder.requires(Dependency::rpmlib("PayloadIsZstd", "5.4.18-1"));
    }
    // The tools that the scripts call.
    for tool in ["coreutils", "grep"] {
        builder.requires(Dependency::script_pre(tool));
        builder.requires(Dependency::script_post(tool));
        builder.requires(Dependency::script_postun(tool));
    }
}

fn dependency(relation: &Relation) -> Dependency {
    let name = &relation.name;
    match &relation.versions {
        None => Dependency::any(name),
        Some((Comparison::Less, version)) => Dependency::less(name, version),
        Some((Comparison::Equal, version)) => Dependency::eq(name, version),
        Some((Comparison::AtLeast, version)) => Dependency::greater_eq(name, version),
    }
}

fn scripts(builder: &mut PackageBuilder, package: &Package, contents: &Contents) {
    let scripts = Scripts::new(package, contents);
    // rpm forgets the package after the script, and removes everything at its paths again if it is ended before.
    let after_removal = scripts.after_removal("[ \"$1\" -gt 0 ]", true);
    builder.pre_install_script(scripts.before_install);
    // rpm leaves it to the kernel when the files are on the disk, and XFS does not hurry.
    let after_install = scripts.after_install.unwrap_or_default();
    builder.post_install_script(scripts.flush_files + &after_install);
    // The argument is the number of packages of this name that remain.
    builder.post_uninstall_script(after_removal);
}
