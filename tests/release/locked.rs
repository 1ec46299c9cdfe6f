//! The lock file, and what moves under it.

use std::fs;

use super::place::ReleasePlace;
use crate::support::docker_command::{docker, docker_succeeds};
use crate::support::registry::Registry;
use crate::support::shaped_project::git;

const ONE: &str = "
defaults: {options: {source: ['{url}'], unpinned: true}}
targets: [{recipe: '{first}', versions: [v1.0.0-rc10]}]
";

#[test]
fn without_a_lock_file_nothing_is_locked() {
    let place = ReleasePlace::new("no-lock", "cp /bin/true out");
    place.write(ONE);
    place
        .release(&["--locked"])
        .code(17)
        .says("lock file kmembuild.lock not found")
        .says("hint: `kmembuild lock` writes it");
    let mut command = place
        .build
        .place
        .command(&["release", "--recipe-dir", "recipes"]);
    let output = command.env("CI", "1").output().expect("the command starts");
    let finished = crate::support::command::Finished::from(output);
    finished.code(17).says("when CI is set");
}

#[test]
fn what_moved_is_shown_and_one_input_can_be_updated() {
    let place = ReleasePlace::new("drift", "cp /bin/true out");
    place.write(ONE);
    place.lock(&[]).code(0).prints("kmembuild.lock");
    place.release(&["--locked"]).code(0);
    let lockfile = place.build.place.path().join("kmembuild.lock");
    let written = fs::read_to_string(&lockfile).expect("a lock file");
    let commit = place.build.project.commit("v1.0.0-rc10");
    assert!(written.contains(&commit), "{written}");

    // A recipe that changed.
    place.change_recipe("cp /bin/true out", "cp /bin/true out; true");
    let refused = place.release(&["--locked"]).code(17);
    refused
        .says("the inputs do not match the lock file:")
        .says(&format!("the recipe {}", place.build.recipe))
        .says("    - sha256 ")
        .says("    + sha256 ");
    let name = place.build.recipe.clone();
    place
        .lock(&["--update", "nothing-of-that-name"])
        .code(2)
        .says("is in the lock file or in the release");
    place.lock(&["--update", &name]).code(0);
    place.release(&["--locked"]).code(0);

    // A tag that moved: every place has another commit than the lock file.
    let other = "0123456789012345678901234567890123456789";
    fs::write(
        &lockfile,
        fs::read_to_string(&lockfile)
            .expect("read")
            .replace(&commit, other),
    )
    .expect("written");
    place.release(&["--locked"]).code(17).says(&format!(
        "is commit {commit}, which does not match the pinned {other}"
    ));
    // Without --locked nothing of it matters.
    place.release(&[]).code(0);
    place.lock(&["--update", "v1.0.0-rc10"]).code(0);
    place.release(&["--locked"]).code(0);
    place.build.assert_nothing_is_left();
}

#[test]
fn another_image_of_the_name_is_not_taken() {
    let place = ReleasePlace::new("image-drift", "cp /bin/true out");
    let name = format!("kmembuild-test/moving:{}", std::process::id());
    docker(&["tag", "kmembuild-test/debian:bullseye-essential", &name]);
    place.write(&ONE.replace(
        "['{url}']",
        &format!("['{{url}}'], image-name: '{name}', stall-timeout: 5s"),
    ));
    place.lock(&[]).code(0);
    place.release(&["--locked"]).code(0);
    // Another image gets the name.
    let container = docker(&["create", &name, "true"]);
    docker(&["commit", "--change", "ENV MOVED=1", &container, &name]);
    docker(&["rm", &container]);
    // What is published needs no image.
    place.release(&["--locked"]).code(0);
    let done = place.release(&["--locked", "--no-cache"]);
    let done = done.code(12);
    done.says(&format!("image {name} was not found anywhere"));
    place.release(&["--no-cache"]).code(0);
    docker_succeeds(&["rmi", "-f", &name]);
}

#[test]
fn a_patch_that_changed_is_shown() {
    let place = ReleasePlace::new("patch-drift", "cp /bin/true out");
    place.change_recipe(
        "images:\n",
        "patches:\n  - {file: shaped/kmem-off.patch, to: source, versions: '<1.0.0-rc6', summary: accounting off}\n\nimages:\n",
    );
    place.write(&ONE.replace("v1.0.0-rc10", "v1.0.0-rc4"));
    place.lock(&[]).code(0);
    place.release(&["--locked"]).code(0);
    let patch = "recipes/patches/shaped/kmem-off.patch";
    let text = fs::read_to_string(place.build.place.path().join(patch)).expect("the patch");
    place
        .build
        .place
        .write(patch, &format!("Another word about it.\n\n{text}"));
    place
        .release(&["--locked"])
        .code(17)
        .says("the patch shaped/kmem-off.patch");
    place.lock(&["--update", "shaped/kmem-off.patch"]).code(0);
    place.release(&["--locked"]).code(0);
    place.build.assert_nothing_is_left();
}

#[test]
fn a_mirror_with_another_commit_is_left_for_the_next() {
    let place = ReleasePlace::new("poisoned", "cp /bin/true out");
    place.write(ONE);
    place.lock(&[]).code(0);
    let poisoned = place.build.place.path().join("poisoned");
    let url = place.build.project.url();
    let here = place.build.place.path();
    git(here, &["clone", "-q", &url, "poisoned"]);
    git(
        &poisoned,
        &["tag", "-f", "v1.0.0-rc10", "v1.0.0-rc9^{commit}"],
    );
    place.write(&ONE.replace("['{url}']", "[./poisoned, '{url}']"));
    let done = place.release(&["--locked"]).code(0);
    let other = place.build.project.commit("v1.0.0-rc9");
    let commit = place.build.project.commit("v1.0.0-rc10");
    done.says("v1.0.0-rc10: not available from ")
        .says("poisoned")
        .says(&other);
    let manifest = place.result(&place.build.recipe, "v1.0.0-rc10");
    let manifest = crate::support::build_place::manifest(&manifest);
    assert_eq!(manifest["source"]["git"]["commit"], commit.as_str());
    // Where all have it, none of them is believed.
    place.write(&ONE.replace("['{url}']", "[./poisoned]"));
    place
        .release(&["--locked"])
        .code(17)
        .says("the inputs do not match the lock file:")
        .says(&other);
    place.build.assert_nothing_is_left();
}

#[test]
fn a_mirror_with_another_image_is_left_for_the_next() {
    const DEBIAN: &str = "kmembuild-test/debian:bullseye-essential";
    let place = ReleasePlace::new("poisoned-image", "cp /bin/true out");
    let registry = Registry::start();
    let name = format!("poisoned-{}:1", std::process::id());
    registry.push(DEBIAN, &format!("good/library/{name}"));
    let container = docker(&["create", DEBIAN, "true"]);
    let bad = format!("{}/bad/library/{name}", registry.address);
    docker(&["commit", "--change", "ENV POISONED=1", &container, &bad]);
    docker(&["rm", &container]);
    docker(&["push", &bad]);
    docker(&["rmi", &bad]);
    let with = |mirrors: &str| {
        let options = format!("['{{url}}'], image-name: '{name}', mirror: [{mirrors}]");
        place.write(&ONE.replace("['{url}']", &options));
    };
    let (good, bad) = (
        format!("'{}/good'", registry.address),
        format!("'{}/bad'", registry.address),
    );
    with(&good);
    place.lock(&[]).code(0);
    docker_succeeds(&["rmi", &name]);
    with(&format!("{bad}, {good}"));
    let done = place.release(&["--locked"]).code(0);
    let done = done.says("its image does not match the lock file");
    assert!(done.stderr.contains(": built in"), "{done:?}");
    docker_succeeds(&["rmi", &name]);
    with(&bad);
    place
        .release(&["--locked", "--no-cache"])
        .code(17)
        .says("does not match the lock file: it has the layers");
    docker_succeeds(&["rmi", &name]);
    place.build.assert_nothing_is_left();
}
