//! Golden plans of runc's releases by the recipe's default way, on amd64, and what is said of those that need none.

use super::case::Case;
use crate::support::golden::assert_golden;

#[track_caller]
fn golden(tag: &str) {
    assert_golden("plans", &format!("runc-{tag}"), &Case::runc(tag).golden());
}

/// The refusal, and the plan that `--force` makes all the same.
#[track_caller]
fn golden_not_needed(tag: &str) {
    let case = Case::runc(tag);
    let refusal = case.refusal();
    let forced = case.asking(|request| request.force = true).golden();
    let text = format!("# without --force\n# {refusal}\n{forced}");
    assert_golden("plans", &format!("runc-{tag}-forced"), &text);
}

#[test]
fn releases_with_accounting_only_on_request_need_no_build() {
    golden_not_needed("v0.1.1");
    golden_not_needed("v1.0.0-rc1");
}

#[test]
fn releases_without_a_switch_are_patched() {
    for tag in ["v1.0.0-rc2", "v1.0.0-rc3", "v1.0.0-rc4", "v1.0.0-rc5"] {
        golden(tag);
    }
}

#[test]
fn releases_with_the_build_tag_are_built_unchanged() {
    for tag in [
        "v1.0.0-rc6",
        "v1.0.0-rc9",
        "v1.0.0-rc10",
        "v1.0.0-rc90",
        "v1.0.0-rc91",
        "v1.0.0-rc92",
        "v1.0.0-rc93",
    ] {
        golden(tag);
    }
}

#[test]
fn releases_that_ignore_kernel_memory_need_no_build() {
    for tag in ["v1.0.0-rc94", "v1.0.0", "v1.1.15", "v1.3.0"] {
        golden_not_needed(tag);
    }
}

#[test]
fn debians_runc_is_built_from_the_image_itself() {
    let case = Case::new("runc-debian", "v1.0.0-rc93");
    assert_golden("plans", "runc-debian", &case.golden());
    let case = case.asking(|request| {
        request.architecture = Some("arm64".parse().expect("an architecture"));
    });
    let refusal = case.refusal().to_string();
    assert_eq!(
        refusal,
        "recipe runc-debian cannot build for arm64 on an engine with the architecture amd64"
    );
}
