//! Facts and requests from which no plan can be made, and the version of a commit without a tag.

use std::fmt::Write as _;

use kmembuild::facts::TreeFacts;
use kmembuild::plan::canonical_json;
use kmembuild::recipe::{ImageWay, parse_recipe};

use super::case::{Case, shipped};
use crate::support::golden::assert_golden;

fn rc10(change: impl FnOnce(&mut Case)) -> Case {
    let mut case = Case::runc("v1.0.0-rc10");
    change(&mut case);
    case
}

#[test]
fn a_refusal_says_what_is_missing_and_what_there_is() {
    let cases = vec![
        (
            "an architecture that the recipe does not list",
            rc10(|case| {
                case.request.architecture = "s390x".parse().ok();
            }),
        ),
        (
            "an engine that cannot build for the target",
            rc10(|case| {
                case.request.architecture = "amd64".parse().ok();
                "arm64".clone_into(&mut case.facts.engine_architecture);
            }),
        ),
        (
            "a tag that is no version",
            rc10(|case| case.git().tag = Some("release".to_owned())),
        ),
        (
            "a commit without tag and version file",
            rc10(|case| {
                case.git().tag = None;
                case.git().files.version = None;
            }),
        ),
        (
            "a commit whose version file holds something else",
            rc10(|case| {
                case.git().tag = None;
                case.git().files.version = Some("see the tags".to_owned());
            }),
        ),
        (
            "a tree of no class",
            rc10(|case| case.git().files = TreeFacts::default()),
        ),
        (
            "a tree without a Dockerfile",
            rc10(|case| case.git().files.base_images.clear()),
        ),
        ("a way that the recipe does not describe", {
            let case = Case::new("runc-debian", "v1.0.0-rc93");
            case.asking(|request| request.image = Some(ImageWay::Lean))
        }),
        (
            "an image name out of an unset value",
            rc10(|case| {
                let loaded = shipped("runc");
                let text = loaded
                    .text
                    .replace("runc_dev:{{version}}", "runc_dev:{{cross_arch}}");
                let patches: Vec<_> = loaded.patches.into_keys().collect();
                case.recipe = parse_recipe("runc.yaml", &text, &patches).expect("a recipe");
                case.request.image = Some(ImageWay::Registry);
            }),
        ),
    ];
    let mut text = String::new();
    for (name, case) in cases {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "## {name}\n{}\n", case.refusal());
    }
    assert_golden("plans", "refusals", &text);
}

#[test]
fn a_commit_without_a_tag_has_the_version_of_its_tree() {
    let case = rc10(|case| {
        case.git().tag = None;
        case.git().files.version = Some("1.0.0-rc10+dev".to_owned());
    });
    let plan = case.plan();
    assert_eq!(plan.version, "dc9208a3303f");
    let text = canonical_json(&plan);
    assert!(text.contains("runc version 1.0.0-rc10+dev"), "{text}");
    assert!(
        text.contains("COMMIT=dc9208a3303feef5b3839f4323d9beb36df0a9dd\""),
        "{text}"
    );
}

#[test]
fn the_class_is_that_of_the_tree_and_not_of_the_number() {
    let mut case = Case::runc("v1.0.0-rc93");
    case.git().files = match Case::runc("v1.0.0-rc94").facts.source {
        kmembuild::facts::SourceFacts::Git(git) => git.files,
        kmembuild::facts::SourceFacts::Directory => unreachable!("runc comes from git"),
    };
    let refusal = case.refusal().to_string();
    assert!(
        refusal.starts_with("v1.0.0-rc93 of runc does not need to be built: "),
        "{refusal}"
    );
}
