//! Builds that are to be like what a node has.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use git2::Repository;
use serde_json::Value;

use super::place::{Place, architecture};
use super::program::that_prints;
use super::upstream::recipe;
use crate::like::forms::{info, kubectl_json};
use crate::support::command::Finished;

/// What a plan is made with.
const FROM_UPSTREAM: [&str; 4] = ["--source", "upstream", "--format", "json"];

/// What the program says of itself.
fn version_text(version: &str, commit: &str) -> String {
    format!("tool version {version}\ncommit: {commit}\nspec: 1.0.1-dev\n")
}

/// A place with a second recipe, `kubelet`, for the same source.
fn with_kubelet() -> Place {
    let place = Place::new();
    let text = recipe(&place.commit).replace("name: tool", "name: kubelet");
    let text = text.replace("- path: tool", "- path: bin/kubelet");
    place.workplace.write("recipes/kubelet.yaml", &text);
    place
}

/// Commit of the tag.
fn commit_of(place: &Place, tag: &str) -> String {
    let repository = Repository::open(place.workplace.path().join("upstream")).unwrap();
    let object = repository.revparse_single(tag).unwrap();
    object.peel_to_commit().unwrap().id().to_string()
}

fn plan(place: &Place, recipe: &str, input: &str, further: &[&str]) -> Finished {
    let arguments = [
        &["plan", recipe, "--like", "-"],
        &FROM_UPSTREAM[..],
        further,
    ]
    .concat();
    place.run_with_input(&arguments, input)
}

#[track_caller]
fn planned(finished: Finished) -> Value {
    serde_json::from_str(&finished.code(0).stdout).unwrap()
}

#[test]
fn a_programs_version_and_commit_find_the_tag() {
    let place = Place::new();
    let commit = place.commit.as_str();
    for text in [
        version_text("1.0.0", commit),
        version_text("1.0.0", &commit[..8]),
        version_text("1.0.0", &format!("{commit}-nokmem")),
        version_text("1.0.0", &format!("v1.0.0-0-g{}", &commit[..8])),
        "tool version 1.0.0\n".to_owned(),
        format!("tool version commit: {commit}\n"),
    ] {
        let plan = planned(plan(&place, "tool", &text, &[]));
        assert_eq!(plan["version"], "v1.0.0", "{text}");
        assert_eq!(plan["source"]["git"]["commit"], commit);
        assert_eq!(plan["warnings"], Value::Array(Vec::new()));
    }
    place.nothing_is_left();
}

#[test]
fn of_several_tags_of_a_commit_the_reported_version_names_one() {
    let place = Place::new();
    let repository = Repository::open(place.workplace.path().join("upstream")).unwrap();
    let commit = git2::Oid::from_str(&place.commit).unwrap();
    for tag in ["v0.9.0", "v1.0.90"] {
        repository
            .reference(&format!("refs/tags/{tag}"), commit, false, "")
            .unwrap();
    }
    for (version, tag) in [
        ("1.0.0", "v1.0.0"),
        ("0.9.0", "v0.9.0"),
        ("1.0.90", "v1.0.90"),
    ] {
        let text = version_text(version, &place.commit);
        let plan = planned(plan(&place, "tool", &text, &[]));
        assert_eq!(plan["version"], tag);
    }
}

#[test]
fn a_version_and_a_commit_that_do_not_belong_together_are_exit_17() {
    let place = Place::new();
    let other = commit_of(&place, "v2.0.0");
    let text = version_text("1.0.0", &other);
    let said = format!(
        "error: version 1.0.0 does not match commit {other}: upstream's v1.0.0 is commit {}\n",
        place.commit
    );
    plan(&place, "tool", &text, &[])
        .code(17)
        .says(&said)
        .says(&format!("use `--tag {other}` to build that commit"));
    // The recipe knows the commit of v1.0.0 by its tag.
    let text = version_text("2.0.0", &place.commit[..10]);
    plan(&place, "tool", &text, &["--force", "--unpinned"])
        .code(17)
        .says(&format!(", and {} is v1.0.0\n", &place.commit[..10]));
    let asked = place.engine.requests();
    assert!(
        asked
            .iter()
            .all(|asked| asked.method == "GET" || asked.method == "HEAD")
    );
    place.nothing_is_left();
}

#[test]
fn a_commit_that_upstream_does_not_have_is_exit_13_with_what_it_may_be() {
    let place = Place::new();
    let text = version_text("1.0.0+dev", &"0123456789".repeat(4));
    plan(&place, "tool", &text, &[]).code(13).says(
        "hint: a commit that upstream does not have comes from a vendor or a private repository",
    );
}

#[test]
fn a_cluster_gives_version_commit_and_architecture() {
    let place = with_kubelet();
    let json = kubectl_json("v1.0.0", &place.commit);
    let other = if architecture() == "amd64" {
        "arm64"
    } else {
        "amd64"
    };
    let json = json.replace("linux/amd64", &format!("linux/{other}"));
    let taken = plan(&place, "kubelet", &json, &[]);
    let said = format!(
        "note: the given build is v1.0.0, commit {}, {other}\n",
        place.commit
    );
    let taken = planned(taken.says(&said));
    assert_eq!(taken["architecture"], other);
    assert_eq!(taken["version"], "v1.0.0");
    // The command line has the last word.
    let given = plan(&place, "kubelet", &json, &["--arch", architecture()]);
    let said = format!(
        "note: the given build is for {other}; building for {}, as requested\n",
        architecture()
    );
    assert_eq!(planned(given.says(&said))["architecture"], architecture());
    let strange = json.replace(&format!("linux/{other}"), "linux/vax");
    plan(&place, "kubelet", &strange, &[])
        .code(2)
        .says("\"vax\" is not a supported architecture")
        .says("hint: use --arch with a supported architecture");
    let given = plan(&place, "kubelet", &strange, &["--arch", architecture()]);
    assert_eq!(planned(given)["architecture"], architecture());
    let rare = json.replace(&format!("linux/{other}"), "linux/s390x");
    plan(&place, "kubelet", &rare, &[])
        .code(11)
        .says("recipe kubelet does not support s390x");
    // The same from the node itself.
    let raw = info("v1.0.0", &place.commit);
    assert_eq!(
        planned(plan(&place, "kubelet", &raw, &["--arch", architecture()]))["version"],
        "v1.0.0"
    );
    plan(
        &place,
        "kubelet",
        &kubectl_json("v1.0.0", &commit_of(&place, "v2.0.0")),
        &[],
    )
    .code(17);
}

#[test]
fn a_vendors_build_takes_force_and_then_is_upstreams() {
    let place = with_kubelet();
    // Its commit is the vendor's, and compared with nothing.
    let text = kubectl_json("v1.0.0-eks-1-15-1", &"0123456789".repeat(4));
    plan(&place, "kubelet", &text, &["--arch", architecture()])
        .code(11)
        .says("v1.0.0-eks-1-15-1 is Amazon EKS's build: it is based on upstream's tag v1.0.0, but the vendor has added changes")
        .says("hint: use `--tag v1.0.0`, or --like with --force, to build upstream's code");
    let forced = plan(
        &place,
        "kubelet",
        &text,
        &["--force", "--arch", architecture()],
    );
    let forced = planned(forced);
    assert_eq!(forced["version"], "v1.0.0");
    assert_eq!(forced["source"]["git"]["commit"], place.commit.as_str());
    assert_eq!(
        forced["warnings"][0],
        "v1.0.0-eks-1-15-1 is Amazon EKS's build; building upstream's v1.0.0 instead, which is different code"
    );
}

#[test]
fn a_result_tells_what_it_is_like() {
    let place = Place::new();
    let label = format!("{}-dirty", place.commit);
    let build = ["tool", "--like", "-", "--source", "upstream"];
    place
        .run_with_input(&build, &version_text("1.0.0", &label))
        .code(0)
        .says("warning: the program was built from changed source (its commit is ");
    let manifest = fs::read(place.result().join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["like"]["version"], "1.0.0");
    assert_eq!(manifest["like"]["commit"], label.as_str());
    assert_eq!(manifest["like"]["architecture"], Value::Null);
    let warning = manifest["warnings"][0].as_str().unwrap();
    assert!(
        warning.contains("building upstream's unchanged v1.0.0 instead"),
        "{warning}"
    );
    // Without the option there is no such part.
    place.build(&[]).code(0);
    let manifest = fs::read(place.result().join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert!(manifest.get("like").is_none());
    place.nothing_is_left();
}

#[test]
fn a_nodes_binary_is_asked_itself() {
    let place = Place::new();
    let binary = place.workplace.path().join("tool");
    fs::write(&binary, that_prints(&version_text("1.0.0", &place.commit))).unwrap();
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
    let build = ["plan", "tool", "--like", "tool"];
    let plan = planned(place.run(&[&build[..], &FROM_UPSTREAM].concat()));
    assert_eq!(plan["version"], "v1.0.0");
    assert_eq!(plan["architecture"], architecture());
}
