//! What cannot be packaged.

use std::error::Error as _;
use std::fs;

use kmembuild::delivery::packaging::{PackageFormat, PackagingError};

use super::result::Published;

#[test]
fn an_output_that_is_not_the_proven_one_is_refused() {
    let published = Published::of_bytes("runc", "v1.0.0-rc10", "runc", b"proven");
    fs::write(published.path().join("runc"), "changed").expect("written");
    for format in PackageFormat::ALL {
        let error = published.try_package(format).expect_err("refused");
        assert!(matches!(error, PackagingError::Changed { .. }), "{error}");
        assert!(error.to_string().contains("does not match the manifest"));
    }
    fs::remove_file(published.path().join("runc")).expect("removed");
    let error = published
        .try_package(PackageFormat::Rpm)
        .expect_err("refused");
    assert!(
        error.to_string().contains("could not read the output"),
        "{error}"
    );
    assert!(error.source().is_some());
    assert!(!published.path().join("packages").exists());
}

#[test]
fn an_output_that_was_not_built_is_named() {
    let published = Published::of_bytes("kubelet", "v1.15.5", "kubeadm", b"");
    let error = published
        .try_package(PackageFormat::Deb)
        .expect_err("refused");
    let text = "the package kubelet requires the output kubelet, but the result only has kubeadm";
    assert!(error.to_string().starts_with(text), "{error}");
}

#[test]
fn a_commit_is_no_version_of_a_package() {
    for version in ["dc9208a3303f", "123456789012", "main", "v1"] {
        let published = Published::of_bytes("runc", version, "runc", b"");
        for format in [PackageFormat::Rpm, PackageFormat::Deb] {
            let error = published.try_package(format).expect_err("refused");
            assert!(matches!(error, PackagingError::Version { .. }), "{error}");
        }
        published.package(PackageFormat::TarZst);
    }
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let published = Published::of_bytes("runc", "v1.0.0-rc10", "runc", b"");
    fs::write(published.path().join("packages"), "in the way").expect("written");
    let error = published
        .try_package(PackageFormat::TarZst)
        .expect_err("refused");
    let text = format!(
        "could not write the package {}/packages/runc-1.0.0-rc10-linux-amd64.tar.zst",
        published.path().display()
    );
    assert_eq!(error.to_string(), text);
    assert!(error.source().is_some());
}
