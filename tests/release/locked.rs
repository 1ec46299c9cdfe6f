//! The lock file, and what moves under it.

use std::fs;

use super::place::ReleasePlace;
use crate::support::docker_command::{docker, docker_succeeds};

const ONE: &str = "
defaults: {options: {source: ['{url}']}}
targets: [{recipe: '{first}', versions: [v1.0.0-rc10]}]
";

#[test]
fn without_a_lock_file_nothing_is_locked() {
    let place = ReleasePlace::new("no-lock", "cp /bin/true out");
    place.write(ONE);
    place
        .release(&["--locked"])
        .code(17)
        .says("there is no lock file kmembuild.lock; --locked wants it")
        .says("hint: `kmembuild lock` writes it");
    let mut command = place
        .build
        .place
        .command(&["release", "--recipe-dir", "recipes"]);
    let output = command.env("CI", "1").output().expect("the command starts");
    let finished = crate::support::command::Finished::from(output);
    finished.code(17).says("CI is set");
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
        .says("the inputs are not those of the lock file:")
        .says(&format!("the recipe {}", place.build.recipe))
        .says("    - sha256 ")
        .says("    + sha256 ");
    let name = place.build.recipe.clone();
    place
        .lock(&["--update", "nothing-of-that-name"])
        .code(2)
        .says("neither the lock file nor the release knows an input");
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
    place
        .release(&["--locked"])
        .code(17)
        .says(&format!("is commit {commit}, but {other} is pinned"));
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
    done.says(&format!("no place has the image {name}"));
    place.release(&["--no-cache"]).code(0);
    docker_succeeds(&["rmi", "-f", &name]);
}
