//! Versions as programs report them, and the tags and commits that they stand for.

use kmembuild::like::{Commit, Origin, ReportedVersion, same_commit};

fn origin(text: &str) -> Origin {
    ReportedVersion::read(text).expect(text).origin
}

#[test]
fn upstreams_tags_are_told_from_what_is_none() {
    for tag in [
        "v1.15.5",
        "v1.16.6-beta.0",
        "v1.16.0-alpha.3",
        "v1.19.0-rc.2",
        "1.0.0-rc10",
        "1.1.0-rc.1",
        "0.1.1",
        "1.0.3",
    ] {
        assert_eq!(origin(tag), Origin::Tag(tag.to_owned()));
    }
    for (text, tag) in [("v1.15.5-dirty", "v1.15.5"), ("v1.15.5-nokmem", "v1.15.5")] {
        assert_eq!(origin(text), Origin::Tag(tag.to_owned()));
    }
    assert!(ReportedVersion::read("v1.15.5-dirty").unwrap().changed);
    for unset in ["v0.0.0-master+$Format:%h$", "v0.0.0", "unknown", "1", "v"] {
        assert_eq!(origin(unset), Origin::Unset, "{unset}");
    }
}

#[test]
fn a_number_is_missing_in_no_tag() {
    for text in [
        "1..0-rc93",
        "v1.15..5",
        "1.0.0.-rc93",
        "v.1.0",
        ".1.0",
        "1.0..",
        "v1.",
        "1-rc1",
    ] {
        let origin = origin(text);
        let tag = match &origin {
            Origin::Tag(tag) => panic!("{text} is the tag {tag}"),
            Origin::After { tag, .. } => tag,
            Origin::Vendor(vendor) => &vendor.tag,
            Origin::Unset => continue,
        };
        assert!(
            tag.split('.').all(|number| !number.is_empty()),
            "{text}: {tag}"
        );
    }
}

#[test]
fn commits_after_a_tag_are_no_tag() {
    for (text, tag, commit) in [
        ("1.0.0-rc5+dev", "1.0.0-rc5", None),
        ("1.1.0-dev", "1.1.0", None),
        (
            "v1.15.5-12+20c265fef0741d",
            "v1.15.5",
            Some("20c265fef0741d"),
        ),
        (
            "v1.16.0-beta.0.123+20c265fef0741d-dirty",
            "v1.16.0-beta.0",
            Some("20c265fef0741d"),
        ),
        ("v1.1.5-3-gf19387a6", "v1.1.5", Some("f19387a6")),
    ] {
        let after = Origin::After {
            tag: tag.to_owned(),
            commit: commit.map(str::to_owned),
        };
        assert_eq!(origin(text), after, "{text}");
    }
}

#[test]
fn what_vendors_add_does_not_hide_the_tag() {
    for (text, name, tag) in [
        ("v1.15.5-eks-1-15-1", Some("Amazon EKS"), "v1.15.5"),
        ("v1.15.5-eks-7c9bda", Some("Amazon EKS"), "v1.15.5"),
        ("v1.15.5+rke2r1", Some("RKE2"), "v1.15.5"),
        ("v1.15.5-cce2.10", Some("Huawei CCE"), "v1.15.5"),
        ("v1.15.5-r0-CCE21.1.1.B002", Some("Huawei CCE"), "v1.15.5"),
        ("v1.15.5+IKS", Some("IBM Cloud"), "v1.15.5"),
        ("1.0.0-12.dev.gitdc9208a.el7", Some("Red Hat"), "1.0.0"),
        (
            "v1.13.7-gke.24",
            Some("Google Kubernetes Engine"),
            "v1.13.7",
        ),
        ("v1.17.4+k3s1", Some("K3s"), "v1.17.4"),
        ("v1.19.0-rc.2+k3s1", Some("K3s"), "v1.19.0-rc.2"),
        ("v1.11.0+d4cacc0", Some("OpenShift"), "v1.11.0"),
        ("v1.20.15-aliyun.1", Some("Alibaba Cloud"), "v1.20.15"),
        ("v1.18.4-tke.11", Some("Tencent TKE"), "v1.18.4"),
        ("v1.21.2+vmware.1-fips.1", Some("VMware"), "v1.21.2"),
        ("1.0.0~rc93+ds1", Some("Debian"), "1.0.0-rc93"),
        ("1.0.0~rc93+ds1-5+deb11u5", Some("Debian"), "1.0.0-rc93"),
        ("1.0.0~rc95-0ubuntu1~20.04.2", Some("Ubuntu"), "1.0.0-rc95"),
        ("1.0.0~rc6", Some("a Linux distribution"), "1.0.0-rc6"),
        ("1.0.0-rc5+dev.docker-18.06", Some("Docker"), "1.0.0-rc5"),
        ("v1.15.5-1.2", None, "v1.15.5"),
        ("v1.15.5-rc", None, "v1.15.5"),
        ("v1.15.5-1", None, "v1.15.5"),
        ("v1.15.5-elsewhere", None, "v1.15.5"),
        ("v1.15.5+mine", None, "v1.15.5"),
    ] {
        match origin(text) {
            Origin::Vendor(vendor) => {
                assert_eq!((vendor.name, vendor.tag.as_str()), (name, tag), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn what_no_version_holds_is_refused() {
    for bad in [
        "",
        " ",
        "v1.15.5; rm -rf /",
        "v1.15\u{1b}[31m",
        "vé",
        &"1".repeat(201),
    ] {
        assert!(ReportedVersion::read(bad).is_err(), "{bad:?}");
    }
}

const RC10: &str = "dc9208a3303feef5b3839f4323d9beb36df0a9dd";

#[test]
fn labels_hold_a_commit_or_none() {
    for (label, id, changed) in [
        (RC10, Some(RC10), false),
        ("DC9208A3303F", Some("dc9208a3303f"), false),
        ("v1.1.5-0-gf19387a6", Some("f19387a6"), false),
        ("v1.0.0-rc93-142-g1234abcd-dirty", Some("1234abcd"), true),
        (&format!("{RC10}-dirty"), Some(RC10), true),
        (&format!("{RC10}-unknown"), Some(RC10), true),
        (&format!("{RC10}-nokmem"), Some(RC10), false),
        (&format!("{RC10}-nokmem-dirty"), Some(RC10), true),
        ("1.1.5+ds1-1+deb12u1", None, false),
        ("unknown", None, false),
        ("dc9208", None, false),
        (&format!("{RC10}0"), None, false),
        ("-g", None, false),
    ] {
        let commit = Commit::read(label).unwrap();
        assert_eq!(commit.id.as_deref(), id, "{label}");
        assert_eq!(commit.changed, changed, "{label}");
    }
    for empty in ["", "  ", "$Format:%H$"] {
        assert_eq!(Commit::read(empty), None, "{empty:?}");
    }
}

#[test]
fn a_short_commit_is_the_same_as_the_whole() {
    assert!(same_commit(RC10, &RC10[..8]));
    assert!(same_commit("DC9208A", RC10));
    assert!(!same_commit("dc9208b", RC10));
    assert!(!same_commit("é", "e"));
}
