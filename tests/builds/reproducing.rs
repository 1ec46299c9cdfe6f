//! Published results are built again and compared.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::build_place::{BuildPlace, entries};
use crate::support::command::Finished;
use crate::support::debian_image::debian_image;
use crate::support::docker_command::{docker, docker_succeeds};
use crate::support::preflight::installed;
use crate::support::registry::Registry;
use crate::support::toolchain_image::toolchain_image;

const TAG: &str = "v1.0.0-rc10";
const DEBIAN: &str = "kmembuild-test/debian:bullseye-essential";

/// A recipe whose one step is `script`, which makes the file `out`.
fn place(name: &str, script: &str) -> BuildPlace {
    debian_image();
    BuildPlace::steps(name, script, "out")
}

/// `kmembuild reproduce` of the place's result.
fn reproduce(build: &BuildPlace, further: &[&str]) -> Finished {
    let result = build.result(TAG);
    let result = result.to_str().expect("a path");
    let words = ["reproduce", "--recipe-dir", "recipes", result];
    build.place.run(&[&words, further].concat())
}

fn recipe_file(build: &BuildPlace) -> PathBuf {
    let name = format!("recipes/{}.yaml", build.recipe);
    build.place.path().join(name)
}

fn report(build: &BuildPlace, folder: &str) -> Value {
    let path = build.place.path().join(folder).join("reproduction.json");
    let text = fs::read_to_string(path).expect("a report");
    serde_json::from_str(&text).expect("the report is JSON")
}

#[test]
fn what_comes_out_the_same_is_told_with_its_digest() {
    let build = place("same", "echo working; cp /bin/true out");
    build.build(TAG, &[]).code(0);
    let manifest = build.manifest(TAG);
    let sha256 = manifest["files"][0]["sha256"].as_str().expect("a digest");
    let done = reproduce(&build, &[]).code(0);
    done.prints(&format!("sha256 {sha256}"))
        .prints("out  identical: ")
        .prints("  same image")
        .prints("\nreproduced: 1 of 1 file equal, in ")
        // Not out of the cache of results.
        .says("step script");
    // The manifest itself may be named, from its folder as well, and what was built is kept on request.
    let kept = build.place.path().join("again");
    let mut command = build
        .place
        .command(&["reproduce", "manifest.json", "--recipe-dir"]);
    command
        .arg(build.place.path().join("recipes"))
        .arg("--output")
        .arg(&kept)
        .current_dir(build.result(TAG));
    Finished::from(command.output().expect("the command starts")).code(0);
    assert_eq!(entries(&kept), ["build.log", "out", "reproduction.json"]);
    let report = report(&build, "again");
    assert_eq!(report["reproduced"], true);
    assert_eq!(report["image"]["same"], true);
    assert_eq!(report["files"][0]["rebuilt"]["sha256"], sha256);
    reproduce(&build, &["--output", "again"])
        .code(15)
        .says("again is not empty; it is left unchanged");
    build.assert_nothing_is_left();
}

#[test]
fn a_clock_and_a_random_number_in_the_output_are_found() {
    let script = "set -e; cp /bin/true out; date +%s%N >>out; head -c 8 /dev/urandom >>out";
    let build = place("clock", script);
    build.build(TAG, &[]).code(0);
    let before = fs::read(build.result(TAG).join("out")).expect("the result");
    let done = reproduce(&build, &["--output", "again"]).code(17);
    done.prints("out  DIFFERS")
        .prints("the rest of the file")
        .says("1 of 1 file differs: out")
        .says("hint: what was built is in again");
    assert_eq!(
        fs::read(build.result(TAG).join("out")).expect("read"),
        before
    );
    let differences = report(&build, "again")["files"][0]["differences"].clone();
    assert_eq!(
        differences.as_array().map(Vec::len),
        Some(1),
        "{differences}"
    );
    assert_eq!(differences[0]["role"], "outside");
    let offset = differences[0]["offset-in-file"].as_u64().expect("a place");
    let offset = usize::try_from(offset).expect("a place in memory");
    let again = fs::read(build.place.path().join("again/out")).expect("what is kept");
    assert_eq!(before[..offset], again[..offset]);
    assert_ne!(before[offset], again[offset]);
    let lines = reproduce(&build, &["--format", "json"]).code(17).stdout;
    let last: Value = serde_json::from_str(lines.lines().last().expect("lines")).expect("JSON");
    assert_eq!(last["data"]["event"], "compared");
    assert_eq!(last["data"]["reproduced"], false);
    build.assert_nothing_is_left();
}

#[test]
fn a_program_with_a_random_number_compiled_in_differs_in_its_sections() {
    let compile = r#"[make, "BUILDTAGS={{build_tags}}", "COMMIT={{commit_label}}", static]"#;
    let random = r#"[sh, -c, "make 'BUILDTAGS={{build_tags}}' COMMIT={{commit_label}}-$(cat /proc/sys/kernel/random/uuid) static"]"#;
    let commit = r#", "commit: {{commit_label}}"]"#;
    let build = BuildPlace::shaped("compiled", &[(compile, random), (commit, "]")]);
    let image = ["--image-name", toolchain_image()];
    build.build(TAG, &image).code(0);
    let done = reproduce(&build, &["--output", "again"]).code(17);
    done.prints("runc  DIFFERS")
        .prints(".rodata")
        .prints("build id");
    let report = report(&build, "again");
    let differences = report["files"][0]["differences"].as_array();
    let differences = differences.expect("differences");
    let of = |role: &str| {
        let found = differences
            .iter()
            .find(|difference| difference["role"] == role);
        found.unwrap_or_else(|| panic!("no {role} in {differences:?}"))
    };
    // The identifier has 36 characters, of which some may be the same by accident.
    let constants = of("constants")["bytes"].as_u64().expect("a number");
    assert!((20..200).contains(&constants), "{differences:?}");
    assert_eq!(of("build-id")["part"], ".note.gnu.build-id");
    assert_eq!(of("build-id")["first-size"], of("build-id")["second-size"]);
    build.assert_nothing_is_left();
}

#[test]
fn a_changed_result_is_not_built_again() {
    let build = place("tampered", "cp /bin/true out");
    build.build(TAG, &[]).code(0);
    let replace = |name: &str, change: &dyn Fn(String) -> String| {
        let path = build.result(TAG).join(name);
        let bytes = fs::read(&path).expect("a file of the result");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // In its place: the file itself may be the cache's as well.
        fs::remove_file(&path).expect("removed");
        fs::write(&path, change(text)).expect("written");
        move || {
            fs::remove_file(&path).expect("removed");
            fs::write(&path, &bytes).expect("written");
        }
    };
    let undo = replace("plan.json", &|text| text.replace("/bin/true", "/bin/false"));
    let said = reproduce(&build, &[]).code(17);
    let said = said.says("plan.json does not match the manifest: its sha256 is ");
    assert!(!said.stderr.contains("step script"), "{}", said.stderr);
    undo();
    let undo = replace("out", &|_| "something else".to_owned());
    reproduce(&build, &[])
        .code(17)
        .says("does not match its manifest:\n  out: its sha256 is ")
        .says("hint: `kmembuild verify ");
    undo();
    let undo = replace("manifest.json", &|_| "{}".to_owned());
    reproduce(&build, &[])
        .code(17)
        .says("manifest.json is not in a form");
    undo();
    reproduce(&build, &[]).code(0);
    fs::remove_file(build.result(TAG).join("plan.json")).expect("removed");
    reproduce(&build, &[])
        .code(2)
        .says("plan.json\ncaused by: ");
    build.assert_nothing_is_left();
}

#[test]
fn the_plan_of_the_result_counts_and_not_what_became_of_its_recipe() {
    let build = place("moved-on", "cp /bin/true out");
    build.build(TAG, &[]).code(0);
    let text = fs::read_to_string(recipe_file(&build)).expect("the recipe");
    let text = text.replace("cp /bin/true out", "cp /bin/false out");
    fs::write(recipe_file(&build), text).expect("written");
    reproduce(&build, &[])
        .code(0)
        .says("differs from the one used for this result; using the result's own plan")
        .prints("out  identical: ");
    build.assert_nothing_is_left();
}

#[test]
fn a_changed_patch_is_named() {
    let build = BuildPlace::shaped("patch-moved", &[]);
    let tag = "v1.0.0-rc4";
    build
        .build(tag, &["--image-name", toolchain_image()])
        .code(0);
    let result = build.result(tag);
    let words = [
        "reproduce",
        "--recipe-dir",
        "recipes",
        result.to_str().expect("a path"),
    ];
    build.place.run(&words).code(0).prints("runc  identical: ");
    let patch = build
        .place
        .path()
        .join("recipes/patches/shaped/kmem-off.patch");
    let text = fs::read_to_string(&patch).expect("the patch");
    fs::write(&patch, format!("Another beginning.\n{text}")).expect("written");
    build
        .place
        .run(&words)
        .code(17)
        .says("do not match those of the result:\n  shaped/kmem-off.patch: its sha256 is ")
        .says("hint: the result was built by kmembuild ");
    build.assert_nothing_is_left();
}

#[test]
fn a_source_that_moved_is_not_taken() {
    let build = place("source-moved", "cp /bin/true out");
    build.build(TAG, &[]).code(0);
    // Another project that has a tag of that name.
    let folder = build.place.path().join("other");
    fs::create_dir(&folder).expect("a folder");
    for words in [
        &["init", "-q"][..],
        &[
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t.invalid",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "other",
        ],
        &["tag", TAG],
    ] {
        let mut git = installed("git");
        let status = git.args(words).current_dir(&folder).status();
        assert!(status.expect("git starts").success(), "{words:?}");
    }
    let commit = build.project.commit(TAG);
    reproduce(&build, &["--source", "other"])
        .code(17)
        .says(&format!("which does not match the pinned {commit}"));
    // Where one place has another commit, the next may have the right one.
    let url = build.project.url();
    reproduce(
        &build,
        &["--source", "other", "--source", &url, "--offline"],
    )
    .code(17)
    .says("which does not match the pinned");
    reproduce(&build, &["--source", "other", "--source", &url]).code(0);
    build.assert_nothing_is_left();
}

#[test]
fn another_image_under_the_name_is_refused_or_told() {
    debian_image();
    let build = place("image-moved", "cp /bin/true out");
    let registry = Registry::start();
    let name = format!("kmembuild-test/reproduced:{}", std::process::id());
    docker(&["tag", DEBIAN, &name]);
    build.build(TAG, &["--image-name", &name]).code(0);
    let short = format!("right/reproduced:{}", std::process::id());
    let right = registry.push(&name, &short);
    let container = docker(&["create", &name, "true"]);
    let moved = docker(&["commit", "--change", "ENV MOVED=1", &container, &name]);
    docker(&["rm", &container]);
    registry.push(&name, &format!("wrong/reproduced:{}", std::process::id()));

    let quick = ["--stall-timeout", "5s"];
    reproduce(&build, &quick)
        .code(17)
        .says(&format!("image {name} was not found anywhere"))
        .says("is not the one this result was built in")
        .says("hint: use --any-image");
    let done = reproduce(
        &build,
        &[&quick[..], &["--any-image", "--output", "any"]].concat(),
    );
    done.code(0)
        .says("warning: using a different image")
        .prints("DIFFERENT IMAGE:\n  environment now: MOVED=1")
        .prints("out  identical: ");
    assert_eq!(report(&build, "any")["image"]["same"], false);

    // A mirror that serves another image is named and left for the next.
    let [wrong, right_prefix] =
        ["wrong", "right"].map(|folder| format!("{}/{folder}", registry.address));
    let mirrors = ["--mirror", &wrong, "--mirror", &right_prefix];
    reproduce(&build, &[&quick[..], &mirrors].concat())
        .code(0)
        .says("its image does not match the manifest")
        .prints("  same image");
    for name in [&name, &right, &moved] {
        docker_succeeds(&["rmi", "-f", name]);
    }
    build.assert_nothing_is_left();
}

#[test]
fn a_step_that_fails_now_leaves_its_log() {
    let build = place("fails-now", "cp /bin/true out");
    build.build(TAG, &[]).code(0);
    // A whole result whose commands fail, as they may on another day.
    let plan = build.result(TAG).join("plan.json");
    let text = fs::read_to_string(&plan).expect("the plan");
    let text = text.replace("cp /bin/true out", "echo no luck; exit 9");
    let manifest = build.result(TAG).join("manifest.json");
    let old = fs::read_to_string(&manifest).expect("the manifest");
    let sha256 = kmembuild::checksum::sha256_hex(text.as_bytes());
    let before = build.manifest(TAG)["plan-sha256"].clone();
    let old = old.replace(before.as_str().expect("a digest"), &sha256);
    for (path, text) in [(plan, text), (manifest, old)] {
        fs::remove_file(&path).expect("removed");
        fs::write(path, text).expect("written");
    }
    reproduce(&build, &["--output", "again"])
        .code(14)
        .says("step script failed with exit code 9")
        .says("| no luck")
        .says("hint: the whole log is again/build.log");
    assert_eq!(entries(&build.place.path().join("again")), ["build.log"]);
    build.assert_nothing_is_left();
}
