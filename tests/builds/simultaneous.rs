//! Runs at the same time.

use crate::support::build_place::{BuildPlace, WAIT};
use crate::support::debian_image::debian_image;
use crate::support::docker_command::{containers_that_run, docker};
use crate::support::running::until_one_waits;
use crate::support::toolchain_image::toolchain_image;

#[test]
fn of_two_runs_of_one_target_the_second_waits_and_says_for_whom() {
    debian_image();
    let build = BuildPlace::steps("same-target", &format!("{WAIT}; cp /bin/true out"), "out");
    let mut runs = [(); 2].map(|()| build.start("v1.0.0-rc10", &[]));
    until_one_waits(&mut runs);
    build.let_go();
    let ended = runs.map(|run| run.finish().code(0));
    let waited = |said: &str| said.contains("note: waiting for run ");
    let waiting: Vec<_> = ended.iter().map(|run| waited(&run.stderr)).collect();
    assert!(
        waiting == [true, false] || waiting == [false, true],
        "{ended:?}"
    );
    assert!(build.result("v1.0.0-rc10").join("out").is_file());
    build.assert_nothing_is_left();
}

#[test]
fn runs_of_different_targets_do_not_wait_for_each_other() {
    let image = ["--image-name", toolchain_image()];
    let build = BuildPlace::shaped("targets", &[]);
    let tags = ["v1.0.0-rc9", "v1.0.0-rc10", "v1.0.0-rc93"];
    let runs = tags.map(|tag| build.start(tag, &image));
    for run in runs {
        let ended = run.finish().code(0);
        assert!(
            !ended.stderr.contains("waiting for run"),
            "{}",
            ended.stderr
        );
    }
    for tag in tags {
        let commit = build.project.commit(tag);
        assert_eq!(
            build.manifest(tag)["source"]["git"]["commit"],
            commit.as_str()
        );
    }
    build.assert_nothing_is_left();
}

#[test]
fn two_runs_that_need_one_image_make_it_once() {
    let lean = format!("  lean:\n    base: {}\n", toolchain_image());
    let waiting = format!(
        "until test -e /tmp/go-{}; do sleep 0.1; done",
        std::process::id()
    );
    let slow = [("  lean:\n", lean.as_str()), ("make --version", &waiting)];
    let build = BuildPlace::shaped("one-image", &slow);
    let mut runs = ["v1.0.0-rc9", "v1.0.0-rc10"].map(|tag| build.start(tag, &["--image", "lean"]));
    until_one_waits(&mut runs);
    runs[0].until(|| !containers_that_run(&waiting).is_empty());
    for container in containers_that_run(&waiting) {
        let file = format!("/tmp/go-{}", std::process::id());
        docker(&["exec", &container, "touch", &file]);
    }
    let ended = runs.map(|run| run.finish().code(0));
    let waited = |said: &str| said.contains("which is making image kmembuild/test-one-image-");
    let waiting: Vec<_> = ended.iter().map(|run| waited(&run.stderr)).collect();
    assert!(
        waiting == [true, false] || waiting == [false, true],
        "{ended:?}"
    );
    let label = format!("label=io.kmembuild.recipe={}", build.recipe);
    let images = docker(&["images", "-q", "--filter", &label]);
    assert_eq!(images.lines().count(), 1, "{images}");
    build.assert_nothing_is_left();
}
