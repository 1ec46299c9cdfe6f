//! Same inputs, same plan; other inputs, another plan; nothing of the machine in it.

use std::collections::BTreeMap;
use std::time::Duration;

use kmembuild::facts::ArchiveFacts;
use kmembuild::library::Library;
use kmembuild::plan::canonical_json;
use kmembuild::recipe::{ImageWay, Recipe, parse_recipe};

use super::case::{Case, known_tags, shipped};

/// A case and a change of one of its inputs.
type Change = (&'static str, fn(&mut Case));

/// The shipped recipe with one text replaced.
fn edited(from: &str, to: &str) -> Recipe {
    let loaded = shipped("runc");
    assert!(loaded.text.contains(from), "{from}");
    let patches: Vec<_> = loaded.patches.into_keys().collect();
    parse_recipe("runc.yaml", &loaded.text.replace(from, to), &patches).expect("a recipe")
}

#[test]
fn same_inputs_give_the_same_bytes() {
    for tag in known_tags() {
        let force = |tag: &str| Case::runc(tag).asking(|request| request.force = true);
        let (one, other) = (force(&tag).plan(), force(&tag).plan());
        assert_eq!(canonical_json(&one), canonical_json(&other), "{tag}");
        assert_eq!(one.digest(), other.digest(), "{tag}");
    }
}

#[test]
fn every_input_that_matters_changes_the_digest() {
    let changes: [Change; 20] = [
        ("nothing", |_| {}),
        ("recipe's text", |case| {
            case.facts.recipe_sha256 = "0".repeat(64);
        }),
        ("a step", |case| case.recipe = edited("- static", "- all")),
        ("a value", |case| {
            case.recipe = edited("seccomp selinux apparmor nokmem", "nokmem");
        }),
        ("a mirror", |case| {
            case.recipe = edited("mirror.gcr.io", "mirror.example");
        }),
        ("an output", |case| {
            case.recipe = edited("- path: runc", "- path: bin/runc");
        }),
        ("a check", |case| {
            case.recipe = edited("static: true", "static: false");
        }),
        ("engine", |case| {
            "arm64".clone_into(&mut case.facts.engine_architecture);
        }),
        ("commit", |case| case.git().commit = "1".repeat(40)),
        ("tree", |case| case.git().tree = "1".repeat(40)),
        ("commit's time", |case| case.git().commit_time += 1),
        ("base image", |case| {
            case.git().files.base_images = vec!["golang:9".to_owned()];
        }),
        ("architecture", |case| {
            case.request.architecture = "arm64".parse().ok();
        }),
        ("way", |case| case.request.image = Some(ImageWay::Lean)),
        ("archive", |case| {
            let image_id = format!("sha256:{}", "1".repeat(64));
            case.facts.image_archive = Some(ArchiveFacts { image_id });
        }),
        ("memory", |case| case.request.memory = Some(4 << 30)),
        ("processors", |case| case.request.nano_cpus = Some(1)),
        ("time", |case| {
            case.request.timeout = Some(Duration::from_secs(7));
        }),
        ("jobs", |case| case.request.jobs = Some(7)),
        ("floor", |case| {
            case.request.glibc_floor = "2.28".parse().ok();
        }),
    ];
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (name, change) in changes {
        let mut case = Case::runc("v1.0.0-rc10");
        change(&mut case);
        if let Some(same) = seen.insert(case.plan().digest(), name) {
            panic!("{name} and {same} give one plan");
        }
    }
}

#[test]
fn the_text_of_a_patch_changes_the_plan_that_uses_it() {
    let before = Case::runc("v1.0.0-rc2");
    for patch in before.facts.patches.keys() {
        let mut case = before.clone();
        case.facts.patches.insert(patch.clone(), "0".repeat(64));
        let used = canonical_json(&before.plan()).contains(patch);
        let changed = case.plan().digest() != before.plan().digest();
        assert_eq!(used, changed, "{patch}");
    }
}

#[test]
fn the_identity_of_an_image_is_that_of_what_it_is_made_of() {
    let identity = |case: &Case| {
        let image = case.plan().image;
        image
            .identity()
            .expect("an image that is made here")
            .to_owned()
    };
    for way in [ImageWay::Upstream, ImageWay::Lean, ImageWay::Debian] {
        let case = Case::runc("v1.0.0-rc10").asking(|request| request.image = Some(way));
        let limited = case
            .clone()
            .asking(|request| request.memory = Some(4 << 30));
        assert_eq!(identity(&case), identity(&limited), "limits make no image");
        let mut mirrored = case.clone();
        mirrored.request.mirrors = vec!["mirror.example".parse().unwrap()];
        assert_eq!(
            identity(&case),
            identity(&mirrored),
            "a mirror serves the same"
        );
        // Upstream's images hold the cross compilers anyway.
        if way != ImageWay::Upstream {
            let cross = case
                .clone()
                .asking(|request| request.architecture = "arm64".parse().ok());
            assert_ne!(
                identity(&case),
                identity(&cross),
                "a cross compiler is added"
            );
        }
    }
    let (ten, ninety) = (Case::runc("v1.0.0-rc10"), Case::runc("v1.0.0-rc90"));
    assert_eq!(identity(&ten), identity(&ninety), "they are one commit");
}

#[test]
fn a_plan_holds_no_path_of_the_host() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let embedded = Case::runc("v1.0.0-rc10");
    shipped("runc")
        .export(folder.path())
        .expect("an exported recipe");
    let own = Library::new(vec![folder.path().to_path_buf()])
        .load("runc")
        .expect("the exported recipe");
    let mut case = embedded.clone();
    case.recipe = own.recipe;
    case.facts.recipe_sha256 = own.sha256;
    let plan = canonical_json(&case.plan());
    assert_eq!(plan, canonical_json(&embedded.plan()));
    let host = [folder.path().to_str(), Some(env!("CARGO_MANIFEST_DIR"))];
    for path in host.into_iter().flatten() {
        assert!(!plan.contains(path), "{plan}");
    }
}
