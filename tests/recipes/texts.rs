//! Texts with a meaning: what each may be, and what it becomes.

use kmembuild::recipe::{
    ByteSize, CommitId, Comparison, ContainerPath, Cpus, GoFlags, ImageName, InstallPath, Name,
    PackageLabel, PackageName, Pattern, Relation, RelativePath, TimeSpan,
};
use std::time::Duration;

#[test]
fn paths_that_leave_their_folder_are_refused() {
    for bad in [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a//b",
        "./a",
        "a\\b",
        "a\nb",
    ] {
        assert!(bad.parse::<RelativePath>().is_err(), "{bad:?}");
    }
    assert!(
        "contrib/cmd/recvtty/recvtty"
            .parse::<RelativePath>()
            .is_ok()
    );
    for bad in ["", "/", "go/src", "/go/../etc", "/go//src"] {
        assert!(bad.parse::<ContainerPath>().is_err(), "{bad:?}");
    }
    assert!("/go/src".parse::<ContainerPath>().is_ok());
}

#[test]
fn what_names_a_package_means_nothing_to_a_shell() {
    for bad in [
        "",
        "/",
        "usr/bin",
        "/usr/../x",
        "/usr//x",
        "/a b",
        "/a'b",
        "/a$b",
        "/a;b",
    ] {
        assert!(bad.parse::<InstallPath>().is_err(), "{bad:?}");
    }
    assert!("/usr/bin/runc".parse::<InstallPath>().is_ok());
    for bad in ["", "r", "Runc", "run_c", "-runc", "ru nc"] {
        assert!(bad.parse::<PackageName>().is_err(), "{bad:?}");
    }
    assert!("runc-1.0".parse::<PackageName>().is_ok());
    for bad in ["", "1", "no-kmem", "no.kmem", "Nokmem"] {
        assert!(bad.parse::<PackageLabel>().is_err(), "{bad:?}");
    }
}

#[test]
fn names_are_safe_as_file_names() {
    for bad in ["", "Runc", "-x", "a b", "a/b", ".hidden"] {
        assert!(bad.parse::<Name>().is_err(), "{bad:?}");
    }
    assert!("runc-debian".parse::<Name>().is_ok());
    assert!("dc9208".parse::<CommitId>().is_err());
    assert!("golang:1.12-stretch".parse::<ImageName>().is_ok());
    for bad in ["", "golang: x", "https://x/golang", "x//golang", "golang:"] {
        assert!(bad.parse::<ImageName>().is_err(), "{bad:?}");
    }
}

#[test]
fn sizes_and_times_are_read_as_people_write_them() {
    for (text, bytes) in [
        ("512MiB", 512 << 20),
        ("4g", 4 << 30),
        ("4GiB", 4 << 30),
        ("64M", 64 << 20),
        ("1024", 1024),
    ] {
        assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
    }
    for bad in ["", "0", "x", "-1", "4 parrots"] {
        assert!(bad.parse::<ByteSize>().is_err(), "{bad:?}");
    }
    for (text, seconds) in [("30s", 30), ("20m", 1200), ("1h 30m", 5400), ("90", 90)] {
        assert_eq!(
            text.parse(),
            Ok(TimeSpan(Duration::from_secs(seconds))),
            "{text}"
        );
    }
    assert!("0s".parse::<TimeSpan>().is_err());
    // Added to a clock, these overflow.
    for long in [
        "18446744073709551615",
        "9223372036854775808s",
        "500000000000y",
        "11y",
    ] {
        assert!(long.parse::<TimeSpan>().is_err(), "{long}");
    }
    assert!("10y".parse::<TimeSpan>().is_ok());
    assert!("soon".parse::<TimeSpan>().is_err());
}

#[test]
fn a_relation_is_a_name_and_perhaps_versions() {
    let relation: Relation = "iptables >= 1.4.21".parse().expect("a relation");
    assert_eq!(relation.name, "iptables");
    assert_eq!(
        relation.versions,
        Some((Comparison::AtLeast, "1.4.21".to_owned()))
    );
    let relation: Relation = "socat".parse().expect("a relation");
    assert_eq!(relation.versions, None);
    for bad in [
        "", "a b", "a > 1", "a >= 1 2", "a | b", "a,b", "-a", "a >= $x",
    ] {
        assert!(bad.parse::<Relation>().is_err(), "{bad:?}");
    }
}

#[test]
fn one_group_is_taken_from_the_first_line_that_fits() {
    let pattern: Pattern = "^go(?:lang)? ([0-9.]+)".parse().unwrap();
    assert_eq!(
        pattern.find("# go\ngolang 1.15.5-x\ngo 1.2"),
        Some("1.15.5")
    );
    assert_eq!(pattern.find("# none"), None);
}

#[test]
fn an_expression_without_a_group_or_with_two_is_refused() {
    for bad in ["go", "(a)(b)", "(", "(?:a)"] {
        assert!(bad.parse::<Pattern>().is_err(), "{bad}");
    }
}

#[test]
fn flags_are_single_words_and_no_tags() {
    assert_eq!(
        " -p=2  -race ".parse(),
        Ok(GoFlags("-p=2 -race".to_owned()))
    );
    for bad in ["", " ", "-p 2", "-", "-tags=x", "--tags=x", "-v -tags"] {
        assert!(bad.parse::<GoFlags>().is_err(), "{bad:?}");
    }
}

#[test]
fn processors_may_have_a_fraction() {
    assert_eq!("1.5".parse(), Ok(Cpus(1_500_000_000)));
    assert_eq!("2".parse(), Ok(Cpus(2_000_000_000)));
    for bad in ["", "0", "-1", "1.x", "x", "1.0000000001"] {
        assert!(bad.parse::<Cpus>().is_err(), "{bad:?}");
    }
}
