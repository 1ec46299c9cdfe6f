//! Versions of packages, compared by the package managers themselves.

use kmembuild::delivery::packaging::{Package, PackageVersion};

use super::node::{run, try_run};
use super::result::shipped;

fn version(text: &str, package: &Package) -> PackageVersion {
    PackageVersion::new(text, package).expect("a version")
}

#[test]
fn versions_have_the_forms_of_each_package_manager() {
    let runc = shipped("runc");
    for (tag, rpm, deb) in [
        (
            "v1.0.0-rc10",
            "1.0.0-1000.0.rc10.nokmem",
            "1.0.0~rc10+nokmem-1000",
        ),
        (
            "v1.20.0-rc.0",
            "1.20.0-1000.0.rc.0.nokmem",
            "1.20.0~rc.0+nokmem-1000",
        ),
        ("v1.15.5", "1.15.5-1000.1.nokmem", "1.15.5+nokmem-1000"),
        (
            "v1.15.5+vendor.1",
            "1.15.5-1000.1.vendor.1.nokmem",
            "1.15.5+vendor.1.nokmem-1000",
        ),
        (
            "v1.15.5-2",
            "1.15.5-1000.1.2.nokmem",
            "1.15.5+2.nokmem-1000",
        ),
    ] {
        let version = version(tag, &runc);
        let (number, release) = version.rpm();
        assert_eq!(format!("{number}-{release}"), rpm);
        assert_eq!(version.deb(), deb);
    }
}

/// What is in the distributions, with the release of ours that takes its place.
#[test]
fn packages_are_newer_than_those_of_the_distributions() {
    let runc = shipped("runc");
    for (theirs, tag) in [
        ("69.rc10.el7_9", "v1.0.0-rc10"),
        ("70.rc92.module+el8", "v1.0.0-rc92"),
        ("999.rc93.el7", "v1.0.0-rc93"),
        ("0", "v1.15.5"),
        ("0.rc.0", "v1.20.0-rc.0"),
    ] {
        assert_rpm_order(theirs, &version(tag, &runc).rpm().1);
    }
    for (theirs, tag) in [
        ("1.0.0~rc93+ds1-5+deb11u5", "v1.0.0-rc93"),
        ("1.0.0~rc10-0ubuntu1~18.04.2", "v1.0.0-rc10"),
        ("1.0.0~rc6+dfsg1-3", "v1.0.0-rc6"),
        ("1.15.5-00", "v1.15.5"),
    ] {
        assert_deb_order(theirs, &version(tag, &runc).deb());
    }
}

#[test]
fn packages_are_in_the_order_of_the_releases() {
    let runc = shipped("runc");
    let releases = ["v1.0.0-rc9", "v1.0.0-rc10", "v1.0.0-rc93", "v1.0.0"];
    let kubernetes = [
        "v1.21.0-alpha.3",
        "v1.21.0-beta.0",
        "v1.21.0-beta.1",
        "v1.21.0-rc.0",
        "v1.21.0",
    ];
    for tags in [releases.as_slice(), &kubernetes] {
        for pair in tags.windows(2) {
            let [lower, higher] = [0, 1].map(|index| version(pair[index], &runc));
            assert_rpm_order(&lower.rpm().1, &higher.rpm().1);
            assert_deb_order(&lower.deb(), &higher.deb());
        }
    }
}

#[track_caller]
fn assert_rpm_order(lower: &str, higher: &str) {
    let compare = format!("%{{lua: print(rpm.vercmp(\"{lower}\", \"{higher}\"))}}");
    assert_eq!(
        run("rpm", &["--eval", &compare]).trim(),
        "-1",
        "{lower} < {higher}"
    );
}

#[track_caller]
fn assert_deb_order(lower: &str, higher: &str) {
    let compared = try_run("dpkg", &["--compare-versions", lower, "lt", higher]);
    assert!(compared.well, "{lower} < {higher}");
    assert_eq!(compared.text, "", "both are well-formed");
}
