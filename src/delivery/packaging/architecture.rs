//! The package managers' names for architectures.

use super::error::PackagingError;
use crate::recipe::PackageFormat;

/// The package manager's name for an architecture, which is given by Go's name.
pub(super) fn architecture(
    format: PackageFormat,
    go: &str,
) -> Result<&'static str, PackagingError> {
    let (rpm, deb) = match go {
        "386" => ("i686", "i386"),
        "amd64" => ("x86_64", "amd64"),
        // Kubernetes and runc are built for ARM 7 with hardware floating point.
        "arm" => ("armv7hl", "armhf"),
        "arm64" => ("aarch64", "arm64"),
        "mips64le" => ("mips64el", "mips64el"),
        "ppc64le" => ("ppc64le", "ppc64el"),
        "riscv64" => ("riscv64", "riscv64"),
        "s390x" => ("s390x", "s390x"),
        _ => {
            return Err(PackagingError::Architecture {
                format,
                architecture: go.to_owned(),
            });
        }
    };
    Ok(match format {
        PackageFormat::Rpm => rpm,
        PackageFormat::Deb | PackageFormat::TarZst => deb,
    })
}

#[cfg(test)]
mod tests {
    use super::architecture;
    use crate::recipe::PackageFormat::{Deb, Rpm};

    #[test]
    fn each_package_manager_has_its_own_names() {
        for (go, rpm, deb) in [
            ("amd64", "x86_64", "amd64"),
            ("arm64", "aarch64", "arm64"),
            ("arm", "armv7hl", "armhf"),
            ("ppc64le", "ppc64le", "ppc64el"),
        ] {
            assert_eq!(architecture(Rpm, go).expect("known"), rpm);
            assert_eq!(architecture(Deb, go).expect("known"), deb);
        }
        let error = architecture(Rpm, "wasm").expect_err("unknown");
        assert!(
            error
                .to_string()
                .contains("rpm does not support the architecture wasm")
        );
    }
}
