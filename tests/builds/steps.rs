//! Steps that fail, hang, leave nothing, and what they may and may not reach.

use std::fs;

use crate::support::build_place::BuildPlace;
use crate::support::busybox_server::BusyboxServer;
use crate::support::debian_image::debian_image;
use crate::support::docker_command::docker;

/// The log of the last failed build of v1.0.0-rc10.
fn failed_log(build: &BuildPlace) -> String {
    let mut folder = build.result("v1.0.0-rc10").into_os_string();
    folder.push(".failed");
    fs::read_to_string(std::path::Path::new(&folder).join("build.log")).expect("the log is kept")
}

#[test]
fn a_failing_step_shows_what_it_ran_what_it_said_and_where_the_log_is() {
    debian_image();
    let script = "echo first line; echo to the error stream >&2; exit 7";
    let build = BuildPlace::steps("failing", script, "out");
    build
        .build("v1.0.0-rc10", &[])
        .code(14)
        .says("step script failed with exit code 7: sh -c 'echo first line;")
        .says("| to the error stream")
        .says("hint: use --keep to keep the container")
        .says("build.log");
    let log = failed_log(&build);
    assert!(log.contains("\nfirst line\n"), "{log}");
    assert!(!build.result("v1.0.0-rc10").exists());
    build.assert_nothing_is_left();
}

#[test]
fn the_container_of_a_failed_step_is_kept_on_request_until_somebody_cleans() {
    debian_image();
    let build = BuildPlace::steps("keep", "echo evidence > /src/evidence; false", "out");
    let said = build.build("v1.0.0-rc10", &["--keep"]).code(14);
    let containers = build.containers();
    let [kept] = containers.as_slice() else {
        panic!("one container is kept, not {containers:?}");
    };
    let said = said.says(&format!("docker exec -it {kept}"));
    said.says("`kmembuild clean` removes it");
    assert_eq!(docker(&["exec", kept, "cat", "/src/evidence"]), "evidence");
    // The next build leaves it alone: somebody may be looking around in it.
    build.build("v1.0.0-rc10", &[]).code(14);
    assert_eq!(build.containers(), containers);
    let shown = build.place.run(&["clean", "--dry-run"]).code(0);
    shown
        .prints("would remove container")
        .prints("next: kmembuild clean\n");
    assert_eq!(build.containers(), containers);
    build
        .place
        .run(&["clean"])
        .code(0)
        .prints("removed container");
    build.assert_nothing_is_left();
}

#[test]
fn an_output_that_is_missing_or_no_file_is_named() {
    debian_image();
    let build = BuildPlace::steps("missing", "true", "bin/out");
    build
        .build("v1.0.0-rc10", &[])
        .code(15)
        .says("the steps succeeded, but did not produce /src/bin/out");
    build.assert_nothing_is_left();
    let folder = BuildPlace::steps("folder", "mkdir out", "out");
    folder
        .build("v1.0.0-rc10", &[])
        .code(15)
        .says("the output out is ");
    folder.assert_nothing_is_left();
}

#[test]
fn steps_see_the_release_and_no_network() {
    debian_image();
    let script = "set -e; ls /sys/class/net; cat VERSION; ls -l --time-style=+%s Makefile; cp /bin/true out; exit 3";
    let build = BuildPlace::steps("no-network", script, "out");
    build.build("v1.0.0-rc10", &[]).code(14);
    let log = failed_log(&build);
    assert!(log.contains("\nlo\n1.0.0-rc10\n"), "{log}");
    // The commit's own time: make must not find differences between two machines.
    assert!(log.contains(" 1577934245 Makefile\n"), "{log}");
}

#[test]
fn only_a_recipe_that_says_so_lets_its_steps_reach_the_network() {
    debian_image();
    let server = BusyboxServer::start();
    let url = server.url("");
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let call = format!("IO::Socket::INET->new(q({address})) or exit 9");
    let script = format!("set -e; perl -MIO::Socket::INET -e '{call}'; cp /bin/true out");
    let build = BuildPlace::steps("network", &script, "out");
    build
        .build("v1.0.0-rc10", &[])
        .code(14)
        .says("failed with exit code 9");
    let recipe = format!("recipes/{}.yaml", build.recipe);
    let text = fs::read_to_string(build.place.path().join(&recipe)).expect("the recipe");
    let open = text.replace("network: none", "network: open");
    build.place.write(&recipe, &open);
    build.build("v1.0.0-rc10", &[]).code(0);
    build.assert_nothing_is_left();
}

#[test]
fn an_engine_that_does_not_answer_is_exit_12() {
    let build = BuildPlace::steps("no-engine", "true", "out");
    build
        .build("v1.0.0-rc10", &["--host", "tcp://127.0.0.1:1"])
        .code(12)
        .says("no container engine answers at tcp://127.0.0.1:1")
        .says("hint: check that the engine is running");
    assert!(!build.place.path().join("dist").exists());
}
