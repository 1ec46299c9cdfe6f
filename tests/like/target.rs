//! What is built for a node with a reported version.

use kmembuild::events::Warning;
use kmembuild::like::{LikeError, Target, read};

const RC10: &str = "dc9208a3303feef5b3839f4323d9beb36df0a9dd";

fn target(text: &str) -> Result<Target, LikeError> {
    read(text.as_bytes()).expect(text).target(false)
}

fn found(text: &str) -> (String, Option<String>, usize) {
    let target = target(text).expect(text);
    (target.wanted, target.commit, target.warnings.len())
}

#[test]
fn a_release_is_its_tag_and_its_commit() {
    let rc10 = || "1.0.0-rc10".to_owned();
    let version = "runc version 1.0.0-rc10";
    let commit = || Some(RC10.to_owned());
    assert_eq!(found(version), (rc10(), None, 0));
    for (label, warnings) in [("", 0), ("-nokmem", 0), ("-dirty", 1), ("-unknown", 1)] {
        let text = format!("{version}\ncommit: {RC10}{label}\n");
        assert_eq!(found(&text), (rc10(), commit(), warnings), "{text}");
    }
    let unnamed = format!("{version}\ncommit: unknown");
    assert_eq!(found(&unnamed), (rc10(), None, 1));
}

#[test]
fn what_is_no_release_is_its_commit() {
    for text in [
        format!("runc version 1.0.0-rc10+dev\ncommit: {RC10}\n"),
        format!("runc version commit: {RC10}\nspec: 1.0.0\n"),
        format!("runc version unknown\ncommit: {RC10}\n"),
    ] {
        assert_eq!(found(&text), (RC10.to_owned(), None, 0), "{text}");
    }
    let counted = "Kubernetes v1.15.5-12+20c265fef0741d";
    assert_eq!(found(counted), ("20c265fef0741d".to_owned(), None, 0));
    let without = target("runc version 1.0.0-rc10+dev\ncommit: unknown\n");
    assert!(
        matches!(without, Err(LikeError::NoCommit { .. })),
        "{without:?}"
    );
    for text in ["runc version spec: 1.0.1-dev", "runc version unknown"] {
        assert!(matches!(target(text), Err(LikeError::Nothing)), "{text}");
    }
}

#[test]
fn a_vendors_build_takes_force_and_is_not_held_to_its_commit() {
    let text = format!("runc version 1.0.0~rc93+ds1\ncommit: {RC10}\n");
    let refused = target(&text);
    assert!(
        matches!(refused, Err(LikeError::Vendor { .. })),
        "{refused:?}"
    );
    let forced = read(text.as_bytes()).unwrap().target(true).unwrap();
    assert_eq!(forced.wanted, "1.0.0-rc93");
    assert_eq!(forced.commit, None);
    let [version, whose, tag] =
        ["1.0.0~rc93+ds1", "Debian's build", "1.0.0-rc93"].map(str::to_owned);
    assert_eq!(forced.warnings, [Warning::Vendor(version, whose, tag)]);
}
