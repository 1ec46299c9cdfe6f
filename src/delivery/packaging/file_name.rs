//! Names of packages, as each package manager expects them.

use super::architecture::architecture;
use super::error::PackagingError;
use super::version::PackageVersion;
use crate::recipe::{Package, PackageFormat, bare};

/// The file name of the package of a result: of this version, for this platform (`linux-amd64`).
///
/// # Errors
/// [`PackagingError::Architecture`], and those of a version that the format cannot express.
pub fn package_file_name(
    format: PackageFormat,
    package: &Package,
    version: &str,
    platform: &str,
) -> Result<String, PackagingError> {
    let name = &package.name.value;
    let arch = || architecture(format, platform.rsplit('-').next().unwrap_or_default());
    Ok(match format {
        PackageFormat::Rpm => {
            let arch = arch()?;
            let (version, release) = PackageVersion::new(version, package)?.rpm();
            format!("{name}-{version}-{release}.{arch}.rpm")
        }
        PackageFormat::Deb => {
            let arch = arch()?;
            let version = PackageVersion::new(version, package)?.deb();
            format!("{name}_{version}_{arch}.deb")
        }
        PackageFormat::TarZst => {
            format!("{}.tar.zst", tarball_directory(package, version, platform))
        }
    })
}

/// The one directory in a `.tar.zst`.
pub(super) fn tarball_directory(package: &Package, version: &str, platform: &str) -> String {
    format!("{}-{}-{platform}", package.name.value, bare(version))
}
