//! The `.rpm`, in the format and with the digests and compression that rpm 4.11 of `CentOS` 7 can read.

use std::io::{BufWriter, Read};
use std::path::Path;

use rpm::signature::Signing;
use rpm::{
    BuildConfig, CompressionWithLevel, Dependency, FileOptions, FileOptionsBuilder, PackageBuilder,
    Timestamp,
};

use tempfile::NamedTempFile;

use super::architecture::architecture;
use super::content::Content;
use super::contents::{Contents, Entry};
use super::error::PackagingError;
use super::file_name::package_file_name;
use super::scripts::Scripts;
use super::settings::{PackageSettings, description, new_package};
use super::version::PackageVersion;
use crate::artifacts::Manifest;
use crate::attestation::PackageKey;
use crate::recipe::{Comparison, Package, PackageFormat, Relation};

/// The level of gzip: higher levels take much longer for programs and save little.
const LEVEL: u32 = 6;

pub(super) fn pack(
    settings: &PackageSettings<'_>,
    manifest: &Manifest,
    contents: Contents,
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

    let name = package.name.value.as_str();
    let license = &package.license.value;
    let mut builder = PackageBuilder::new(name, &version, license, arch, &package.summary.value);
    builder
        .using_config(
            BuildConfig::v4()
                .source_date(settings.modified)
                .compression(CompressionWithLevel::Gzip(LEVEL))
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
    relations(&mut builder, package, &contents);
    scripts(&mut builder, package, &contents);
    let time = Timestamp(settings.modified);
    let mut expected = Vec::new();
    let options = FileOptions::new(Scripts::own_files_path(package)).permissions(0o644);
    builder
        .with_file_contents(contents.own_files(), options.modified_at(time))
        .map_err(failed)?;
    for folder in &contents.directories {
        let options = FileOptions::dir(folder).permissions(0o755);
        builder
            .with_dir_entry(options.modified_at(time))
            .map_err(failed)?;
    }
    for file in contents.files {
        let options = options_of(&file).modified_at(time);
        let added = match (file.link, file.content) {
            (Some(_), _) => builder.with_symlink(options),
            (None, Content::Text(text)) => builder.with_file_contents(text, options),
            (None, Content::Output(output)) => builder.with_file(output.path, options),
        };
        added.map_err(failed)?;
        expected.push((file.path, file.sha256));
    }

    let mut built = builder.build().map_err(failed)?;
    for (path, expected) in expected {
        require(&built, &path, expected).map_err(failed)??;
    }
    if let Some(key) = settings.key {
        built
            .sign_with_timestamp(Signer(key), time)
            .map_err(failed)?;
    }
    let unwritable = |source| PackagingError::Unwritable {
        path: out.join(&file_name),
        source,
    };
    let file = new_package(out).map_err(unwritable)?;
    let mut writer = BufWriter::new(file);
    built.write(&mut writer).map_err(failed)?;
    let file = writer
        .into_inner()
        .map_err(|error| unwritable(error.into_error()))?;
    Ok(file)
}

/// Requires that the package has what was compared with the manifest: the library read it from the disk once more.
fn require(
    built: &rpm::Package,
    path: &str,
    expected: String,
) -> Result<Result<(), PackagingError>, rpm::Error> {
    let entries = built.metadata.get_file_entries()?;
    let entry = entries.iter().find(|entry| entry.path() == Path::new(path));
    let found = entry
        .and_then(|entry| entry.digest())
        .map(|digest| digest.as_hex().to_owned());
    Ok(match found {
        // A link has none.
        Some(found) if !found.is_empty() && found != expected => Err(PackagingError::Changed {
            path: path.into(),
            found,
            expected,
        }),
        _ => Ok(()),
    })
}

/// Signs the header, which has the digests of all files and of the payload.
#[derive(Debug)]
struct Signer<'a>(&'a PackageKey);

impl Signing for Signer<'_> {
    type Signature = Vec<u8>;

    fn sign(&self, data: impl Read, time: Timestamp) -> Result<Vec<u8>, rpm::Error> {
        Ok(self.0.sign(data, time.0)?)
    }
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
