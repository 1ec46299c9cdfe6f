//! The ways to the toolchain image, and builds for another architecture than the engine's.

use kmembuild::facts::ArchiveFacts;
use kmembuild::recipe::ImageWay;

use super::case::Case;
use crate::support::golden::assert_golden;

fn by(case: Case, way: ImageWay) -> Case {
    case.asking(|request| request.image = Some(way))
}

fn for_arm64(case: Case) -> Case {
    case.asking(|request| request.architecture = Some("arm64".parse().expect("an architecture")))
}

#[track_caller]
fn golden(name: &str, case: &Case) {
    assert_golden("plans", &format!("runc-{name}"), &case.golden());
}

#[test]
fn a_lean_image_starts_from_upstreams_base() {
    golden(
        "v1.0.0-rc10-lean",
        &by(Case::runc("v1.0.0-rc10"), ImageWay::Lean),
    );
    golden(
        "v1.0.0-rc5-lean",
        &by(Case::runc("v1.0.0-rc5"), ImageWay::Lean),
    );
}

#[test]
fn a_debian_image_needs_no_registry() {
    golden(
        "v1.0.0-rc93-debian",
        &by(Case::runc("v1.0.0-rc93"), ImageWay::Debian),
    );
}

#[test]
fn a_ready_image_is_looked_for_by_name() {
    golden(
        "v1.0.0-rc9-registry",
        &by(Case::runc("v1.0.0-rc9"), ImageWay::Registry),
    );
    let named = Case::runc("v1.0.0-rc9").asking(|request| {
        request.image_name = Some("team/golang:1.12".parse().expect("an image name"));
        request.mirrors = vec!["registry.example:5000/hub/".parse().unwrap()];
    });
    golden("v1.0.0-rc9-image-name", &named);
}

#[test]
fn an_image_archive_is_taken_before_any_way() {
    let mut case = by(Case::runc("v1.0.0-rc10"), ImageWay::Upstream);
    let image_id = format!("sha256:{}", "5".repeat(64));
    case.facts.image_archive = Some(ArchiveFacts { image_id });
    golden("v1.0.0-rc10-archive", &case);
}

#[test]
fn arm64_is_cross_compiled_on_amd64() {
    golden(
        "v1.0.0-rc10-arm64-upstream",
        &for_arm64(Case::runc("v1.0.0-rc10")),
    );
    let lean = by(Case::runc("v1.0.0-rc91"), ImageWay::Lean);
    golden("v1.0.0-rc91-arm64-lean", &for_arm64(lean));
    let debian = by(Case::runc("v1.0.0-rc93"), ImageWay::Debian);
    golden("v1.0.0-rc93-arm64-debian", &for_arm64(debian));
}

#[test]
fn arm64_on_arm64_is_no_cross_compilation() {
    let mut native = by(Case::runc("v1.0.0-rc93"), ImageWay::Debian);
    "arm64".clone_into(&mut native.facts.engine_architecture);
    golden("v1.0.0-rc93-arm64-native", &native);
    assert_eq!(native.golden(), for_arm64(native).golden());
}
