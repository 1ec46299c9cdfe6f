//! A plan that is read back may have been written by anybody: values that no recipe leads to are refused, each in its field.

use kmembuild::plan::{Plan, Via};
use serde_json::{Value, json};

use super::case::Case;
use super::kubernetes_releases::kubelet;

/// The plan with another value at that place; what it says about it.
fn refusal(plan: &Plan, pointer: &str, value: Value) -> String {
    let mut document = serde_json::to_value(plan).expect("a plan in JSON");
    let place = document.pointer_mut(pointer);
    *place.unwrap_or_else(|| panic!("{pointer} is no field of the plan")) = value;
    let plan: Plan = serde_json::from_value(document).expect("a plan");
    match plan.check() {
        Ok(()) => String::new(),
        Err(problem) => problem.to_string(),
    }
}

#[track_caller]
fn refused(plan: &Plan, field: &str, pointer: &str, values: &[Value]) {
    for value in values {
        let said = refusal(plan, pointer, value.clone());
        assert!(said.starts_with(field), "{pointer} = {value}: {said:?}");
    }
}

/// Texts that mean something to a shell, to a program's options, to a path or to a terminal.
fn hostile() -> Vec<Value> {
    [
        "",
        "-",
        "--setup-hook=touch /tmp/x",
        "-oDir::Bin::dpkg=/tmp/x",
        "../../etc",
        "a/../../b",
        "a\nb",
        "a\u{1b}[2Jb",
        "a b",
        "a;b",
        "$(a)",
    ]
    .map(|text| json!(text))
    .into()
}

#[test]
fn the_plans_of_recipes_are_not_refused() {
    for version in ["v1.0.0-rc10", "v1.0.0-rc4"] {
        assert_eq!(Case::runc(version).plan().check(), Ok(()));
    }
    assert_eq!(
        Case::new("runc-debian", "v1.0.0-rc93").plan().check(),
        Ok(())
    );
}

#[test]
fn what_becomes_a_path_or_a_name_is_one() {
    let plan = Case::runc("v1.0.0-rc4").plan();
    for (field, pointer) in [
        ("recipe.name", "/recipe/name"),
        ("recipe.sha256", "/recipe/sha256"),
        ("version", "/version"),
        ("platform", "/platform"),
        ("architecture", "/architecture"),
        ("source.git.commit", "/source/git/commit"),
        ("source.git.tree", "/source/git/tree"),
        ("source.git.tag", "/source/git/tag"),
        ("build.steps.name", "/build/steps/0/name"),
        ("build.caches.name", "/build/caches/0/name"),
        ("outputs.name", "/outputs/0/name"),
    ] {
        refused(&plan, field, pointer, &hostile());
    }
    let outside = ["", "../../etc", "/etc/passwd", "a\nb", "a//b"].map(|path| json!(path));
    let patch = "/source/git/patches/0/file";
    refused(&plan, "source.git.patches", patch, &outside);
    for (field, pointer) in [
        ("build.workdir", "/build/workdir"),
        ("build.caches.path", "/build/caches/0/path"),
        ("outputs.path", "/outputs/0/path"),
    ] {
        let outside = ["/a/../b", "//a", "/", "/a\u{1b}b"].map(|path| json!(path));
        refused(&plan, field, pointer, &[hostile(), outside.into()].concat());
    }
    // The tool's own files are beside the outputs.
    for name in ["manifest.json", "SHA256SUMS", "build.log"] {
        refused(&plan, "outputs.name", "/outputs/0/name", &[json!(name)]);
    }
    let twice = serde_json::to_value(&plan.outputs[0]).expect("an output");
    let said = refusal(&plan, "/outputs", json!([twice, twice]));
    assert!(said.contains("is there twice"), "{said}");
}

#[test]
fn words_of_commands_and_variables_cannot_become_others() {
    let plan = Case::runc("v1.0.0-rc10").plan();
    let none = [json!([]), json!([""]), json!(["make", "a\u{0}b"])];
    refused(
        &plan,
        "build.steps.command",
        "/build/steps/0/command",
        &none,
    );
    let named = |name: &str| json!({ name: "1" });
    let variables = ["", "A=B", "A B", "1A", "LD\nPRELOAD"].map(named);
    let (field, pointer) = ("build.steps.environment", "/build/steps/0/environment");
    refused(&plan, field, pointer, &variables);
    refused(&plan, field, pointer, &[json!({"A": "a\u{0}b"})]);
    let limits = [json!(0), json!(u64::MAX)];
    let pointer = "/build/limits/timeout-seconds";
    refused(&plan, "build.limits.timeout-seconds", pointer, &limits);
    refused(&plan, "build.limits", "/build/limits/memory", &limits[..1]);
    let times = [json!(-1), json!(i64::MAX)];
    refused(&plan, "source.git.modified", "/source/git/modified", &times);
}

#[test]
fn what_a_bootstrapped_image_is_made_of_is_neither_an_option_nor_outside() {
    let plan = Case::new("runc-debian", "v1.0.0-rc93").plan();
    let package = "/image/debian/packages/0";
    refused(&plan, "image.debian.packages", package, &hostile());
    refused(
        &plan,
        "image.debian.packages",
        package,
        &[json!("?installed"), json!("a,b")],
    );
    let suite = "/image/debian/suite";
    refused(&plan, "image.debian.suite", suite, &hostile());
    let links = [
        json!({"/../../x": "/etc/shadow"}),
        json!({"/x": "../../etc/shadow"}),
        json!({"/x\ty": "/z"}),
    ];
    refused(&plan, "image.debian.links", "/image/debian/links", &links);
    // A plan with an honest recipe's identity and another content would give its image the honest one's name.
    let other = [json!("netcat-traditional")];
    refused(&plan, "image.identity", package, &other);
    let flags = json!({"GOFLAGS": "-toolexec=/tmp/x"});
    refused(
        &plan,
        "image.identity",
        "/image/debian/environment",
        &[flags],
    );
    let identity = json!("0".repeat(64));
    refused(
        &plan,
        "image.identity",
        "/image/debian/identity",
        &[identity],
    );
}

#[test]
fn a_script_that_would_remove_what_is_not_its_own_is_refused() {
    let plan = kubelet("v1.15.5")
        .asking(|request| request.via = Via::RunSh)
        .plan();
    let names =
        ["", "{hash}", "a", "kube-build-", "-{hash}abc", "*{hash}abc"].map(|name| json!([name]));
    for (field, pointer) in [
        ("build.script.containers", "/build/script/containers"),
        ("build.script.images", "/build/script/images"),
    ] {
        refused(&plan, field, pointer, &names);
    }
}
