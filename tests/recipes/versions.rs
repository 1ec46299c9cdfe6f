//! Versions and their order, and ranges of them.

use kmembuild::recipe::{Version, VersionRange};

fn version(text: &str) -> Version {
    text.parse().expect("a version")
}

#[test]
fn runc_tags_order_as_people_mean() {
    let ordered = [
        "v0.1.1",
        "v1.0.0-rc1",
        "1.0.0-rc2",
        "v1.0.0-rc9",
        "v1.0.0-rc10",
        "v1.0.0-rc90",
        "v1.0.0-rc93",
        "v1.0.0-rc95",
        "v1.0.0",
        "v1.0.3",
        "v1.1.0-rc.1",
        "v1.1.0",
        "v1.1.15",
    ];
    for pair in ordered.windows(2) {
        assert!(
            version(pair[0]) < version(pair[1]),
            "{} < {}",
            pair[0],
            pair[1]
        );
    }
}

#[test]
fn kubernetes_pre_releases_come_before_the_release() {
    assert!(version("v1.21.0-alpha.3") < version("v1.21.0-beta.0"));
    assert!(version("v1.21.0-beta.1") < version("v1.21.0-rc.0"));
    assert!(version("v1.21.0-rc.0") < version("v1.21.0"));
    assert!(version("1.9.11") < version("1.10.0"));
}

#[test]
fn the_leading_v_and_build_metadata_do_not_count() {
    assert_eq!(version("v1.0.0-rc10"), version("1.0.0-rc10"));
    assert_eq!(version("1.15.5+k3s1"), version("v1.15.5"));
}

#[test]
fn numbers_and_pre_releases_are_told() {
    let release = version("v1.15.5");
    assert_eq!(
        [release.number(0), release.number(1), release.number(3)],
        [Some("1"), Some("15"), None]
    );
    assert!(!release.is_prerelease());
    let candidate = version("1.20.0-rc.0");
    assert_eq!(candidate.number(2), Some("0"));
    assert!(candidate.is_prerelease());
    assert!(!version("1.15.5+k3s1").is_prerelease());
}

#[test]
fn a_range_holds_its_bounds() {
    let range: VersionRange = ">=1.0.0-rc9, <1.0.0-rc93".parse().expect("a range");
    for inside in ["v1.0.0-rc9", "v1.0.0-rc10", "v1.0.0-rc92"] {
        assert!(range.contains(&version(inside)), "{inside}");
    }
    for outside in ["v1.0.0-rc8", "v1.0.0-rc93", "v1.0.0"] {
        assert!(!range.contains(&version(outside)), "{outside}");
    }
}

#[test]
fn bad_ranges_are_refused_with_a_reason() {
    for (text, reason) in [
        ("1.0.0", "not a bound"),
        (">=", "not a version"),
        (">=1.0, <0.9", "is empty"),
        (">1.0, <=1.0", "is empty"),
        ("", "not a bound"),
    ] {
        let error = text.parse::<VersionRange>().expect_err(text);
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn a_version_is_no_option_and_no_hidden_directory() {
    for text in [
        "-v1",
        "--upload-pack=1",
        "-1",
        ".1",
        "..1",
        "+1",
        "~1",
        "_1",
    ] {
        assert!(text.parse::<Version>().is_err(), "{text}");
    }
    for text in ["v1", "1.0~rc1", "dc9208a", "release-1.0"] {
        assert!(text.parse::<Version>().is_ok(), "{text}");
    }
}
