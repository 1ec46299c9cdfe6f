//! Whole builds in this file system.

use std::fs;

use super::place::Place;

const SUCCESS: &str = "test -f main.c && touch $PLACE/cached/objects/one && cp /bin/true tool";

#[test]
fn a_build_needs_no_engine_and_claims_to_know_nothing() {
    let place = Place::new(SUCCESS);
    let built = place.build(&[]).code(0);
    built.says("image: the container that kmembuild runs in");
    assert_eq!(
        fs::read(place.result().join("tool")).unwrap(),
        fs::read("/bin/true").unwrap()
    );
    let manifest = place.manifest();
    assert_eq!(manifest["image"]["id"], "unknown");
    assert_eq!(
        manifest["image"]["content"]["layers"],
        serde_json::json!([])
    );
    assert!(
        manifest["engine"]
            .as_str()
            .unwrap()
            .starts_with("local engine")
    );
    place.nothing_is_left();
    place.workplace.run(&["verify", "dist/tool"]).code(0);
    // Built again: nobody knows that it is the same image.
    place.build(&["-o", "again"]).code(0).says("step script");
    assert!(!place.path("cache/results").join("0").exists());
    let results = fs::read_dir(place.path("cache/results"))
        .into_iter()
        .flatten();
    assert_eq!(results.count(), 0);
}

#[test]
fn with_an_identity_results_are_shared() {
    let place = Place::new(SUCCESS);
    let digest = format!("sha256:{}", "ab".repeat(32));
    let named = format!("registry.example/toolchain:1@{digest}");
    place.build(&["--image-identity", &named]).code(0);
    assert_eq!(place.manifest()["image"]["id"], digest);
    let statement = fs::read_to_string(place.result().join("provenance.json")).unwrap();
    assert!(statement.contains(r#""kind": "container""#), "{statement}");
    let cached = place
        .build(&["--image-identity", &digest, "-o", "again"])
        .code(0);
    assert!(!cached.stderr.contains("step script"), "{cached:?}");
    let other = format!("sha256:{}", "cd".repeat(32));
    place
        .build(&["--image-identity", &other, "-o", "other"])
        .code(0)
        .says("step script");
    place
        .build(&["--image-identity", "toolchain:1"])
        .code(2)
        .says("does not identify an image");
    place.nothing_is_left();
    // The environment says the same, and what it says is checked the same.
    let mut command = place.workplace.command(&super::place::BUILD);
    let told = command
        .env("KMEMBUILD_IMAGE_IDENTITY", "latest")
        .output()
        .unwrap();
    assert_eq!(told.status.code(), Some(2));
}

#[test]
fn images_are_refused_before_the_work() {
    let place = Place::new("echo worked > $PLACE/worked");
    for way in [["--image", "registry"], ["--image-name", "golang:1"]] {
        let refused = place.build(&way).code(11);
        refused
            .says("so it cannot use")
            .says("hint: leave out --image");
    }
    place
        .build(&["--memory", "1GiB"])
        .code(12)
        .says("cannot limit the memory")
        .says("leave out --memory");
    place
        .build(&["--cpus", "1"])
        .code(12)
        .says("cannot limit the processors");
    assert!(!place.path("worked").exists());
    place.nothing_is_left();
}

#[test]
fn what_is_there_is_not_removed() {
    let place = Place::new(SUCCESS);
    fs::create_dir_all(place.path("work/deep/src/.git")).unwrap();
    place
        .build(&[])
        .code(12)
        .says("it is not empty")
        .says("move it away");
    assert!(place.path("work/deep/src/.git").exists());
    fs::remove_dir(place.path("work/deep/src/.git")).unwrap();
    place.build(&[]).code(0);
    // An empty one is used, and empty again.
    assert_eq!(
        fs::read_dir(place.path("work/deep/src")).unwrap().count(),
        0
    );
}

#[test]
fn a_failed_step_is_kept_on_request_until_it_is_cleaned() {
    let place = Place::new("echo half > tool; exit 4");
    let failed = place.build(&["--keep"]).code(14);
    failed.says("exit code 4").says("kmembuild clean");
    assert_eq!(
        fs::read(place.path("work/deep/src/tool")).unwrap(),
        b"half\n"
    );
    place.workplace.run(&["clean", "--engine", "local"]).code(0);
    place.nothing_is_left();
    place.build(&[]).code(14);
    place.nothing_is_left();
}

#[test]
fn the_engine_is_chosen_by_option_environment_and_configuration() {
    let place = Place::new(SUCCESS);
    let without = ["tool", "--recipe-dir", "recipes", "--tag", "v1.0.0"];
    let nowhere = ["--host", "unix:///nowhere/docker.sock"];
    let run = |words: &[&str], engine: Option<&str>| {
        let mut command = place.workplace.command(&[&without, words].concat());
        command
            .env_remove("KMEMBUILD_ENGINE")
            .env_remove("DOCKER_HOST");
        command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        // Whatever the tests run in.
        command.env("KUBERNETES_SERVICE_HOST", "10.0.0.1");
        if let Some(engine) = engine {
            command.env("KMEMBUILD_ENGINE", engine);
        }
        crate::support::command::Finished::from(command.output().unwrap())
    };
    // Nobody chose: the container takes the place of the engine that does not answer, and one line says so.
    let instead = run(&[], None).code(0);
    let notes = instead
        .stderr
        .matches("no container engine answers at unix:///nowhere")
        .count();
    assert_eq!(notes, 1, "{instead:?}");
    assert!(instead.stderr.contains("building with the local engine"));
    // Whoever names an engine gets that one, or none.
    run(&nowhere, None)
        .code(12)
        .says("no container engine answers");
    run(&["--engine", "docker"], None).code(12);
    run(&[], Some("docker")).code(12);
    run(&["--engine", "local"], Some("docker")).code(0);
    run(&[], Some("podman"))
        .code(2)
        .says("use one of auto, docker, runtime, local");
    run(&["--engine", "local", "--host", "unix:///a"], None)
        .code(2)
        .says("use one of them");
    place
        .workplace
        .write("config/config.yaml", "format: 1\nengine: docker\n");
    run(&[], None).code(12);
    run(&[], Some("auto")).code(0);
    place
        .workplace
        .write("config/config.yaml", "format: 1\nengine: local\n");
    let chosen = run(&["--no-cache"], None).code(0);
    assert!(!chosen.stderr.contains("nowhere"), "{chosen:?}");
}
