//! Images that are somewhere, nowhere, or slow to come.

use super::place::{BUILD, IMAGE, Place, good_script};
use crate::support::archive::bytes_of;
use crate::support::scripted_engine::{Pull, Script, ScriptedEngine};

fn script_with_pulls(pulls: &[(&str, Pull)]) -> Script {
    let pulls = pulls
        .iter()
        .cloned()
        .map(|(name, pull)| (name.to_owned(), pull));
    Script {
        images: Vec::new(),
        pulls: pulls.collect(),
        ..good_script()
    }
}

#[test]
fn an_image_that_nobody_has_names_every_mirror_with_its_reason() {
    let place = Place::with(script_with_pulls(&[
        (
            "first.example/library/toolchain:1",
            Pull::Refused("toomanyrequests: limit"),
        ),
        ("first.example/toolchain:1", Pull::Breaks("unexpected EOF")),
    ]));
    let finished = place
        .build(&["--mirror", "first.example"])
        .code(12)
        .says("error: image toolchain:1 was not found anywhere:\n")
        .says("\n  first.example/library/toolchain:1: ")
        .says("toomanyrequests: limit\n  first.example/toolchain:1: ")
        .says("unexpected EOF\n  toolchain:1: ")
        .says("manifest for toolchain:1 not found\n  last.example/library/toolchain:1: ")
        .says("hint: use --mirror (or `mirrors` in the configuration) for another registry");
    assert_eq!(finished.stdout, "");
    assert!(!place.result().exists());
    place.nothing_is_left();
}

#[test]
fn a_stalled_pull_moves_on_to_the_next_mirror() {
    let place = Place::with(script_with_pulls(&[
        ("slow.example/library/toolchain:1", Pull::Stalls),
        ("slow.example/toolchain:1", Pull::Succeeds),
    ]));
    place
        .build(&["--mirror", "slow.example", "--stall-timeout", "1s"])
        .code(0)
        .says("toolchain:1: not available from slow.example/library/toolchain:1: ")
        .says("stalled: no data for 1s");
    let requests = place.engine.requests();
    let named = requests
        .iter()
        .find(|asked| asked.path.ends_with("/tag"))
        .expect("the name that is expected is given");
    assert_eq!(
        format!("{}:{}", named.asks("repo"), named.asks("tag")),
        IMAGE
    );
    let manifest = std::fs::read(place.result().join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(
        manifest["image"]["pulled"][IMAGE],
        "slow.example/toolchain:1"
    );
}

#[test]
fn a_full_disk_is_not_the_mirrors_fault() {
    let full = "write /var/lib/layer: no space left on device";
    let place = Place::with(script_with_pulls(&[
        (IMAGE, Pull::Breaks(full)),
        ("last.example/library/toolchain:1", Pull::Succeeds),
    ]));
    place
        .build(&[])
        .code(12)
        .says("caused by: the engine's disk is full: could not pull toolchain:1\n")
        .says(&format!("caused by: {full}\n"))
        .says("hint: free space on the engine's disk; `kmembuild clean --caches --images`");
    place.nothing_is_left();
}

#[test]
fn the_engine_of_the_environment_is_used() {
    let place = Place::new();
    let finished: crate::support::command::Finished = place
        .workplace
        .command(&[
            "plan",
            "tool",
            "--tag",
            "v1.0.0",
            "--source",
            "upstream",
            "--recipe-dir",
            "recipes",
        ])
        .env("DOCKER_HOST", place.engine.address())
        .output()
        .unwrap()
        .into();
    finished.code(0);
    assert!(!place.engine.requests().is_empty());
}

#[test]
fn an_image_is_made_once_and_its_warnings_are_kept() {
    let mut script = script_with_pulls(&[("golang:1", Pull::Succeeds)]);
    script.image_build = [
        "Step 1/3",
        "kmembuild-warning: old keys",
        "kmembuild-note: moved",
    ]
    .map(str::to_owned)
    .to_vec();
    let place = Place::with(script);
    place
        .build(&["--image", "lean", "--memory", "4GiB"])
        .code(0)
        .says("warning: old keys\n")
        .says("note: moved\n");
    let manifest = std::fs::read(place.result().join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(
        manifest["image"]["remarks"],
        serde_json::json!(["old keys", "moved"])
    );
    let builds = || {
        let requests = place.engine.requests().into_iter();
        requests
            .filter(|asked| asked.path == "/build")
            .collect::<Vec<_>>()
    };
    let [build] = builds().try_into().expect("one build");
    let labels: serde_json::Value = serde_json::from_str(build.asks("labels")).unwrap();
    assert_eq!(labels["io.kmembuild.recipe"], "tool");
    assert!(labels["io.kmembuild.run"].is_string() && labels["io.kmembuild.identity"].is_string());
    // A lifetime is for containers: an image would hand it on to those that users start from it.
    assert!(labels["io.kmembuild.lifetime"].is_null());
    assert_eq!(build.asks("memory"), (4_u64 << 30).to_string());
    assert!(
        build.asks("buildargs").contains("golang:1"),
        "{}",
        build.asks("buildargs")
    );
    place
        .build(&["--image", "lean"])
        .code(0)
        .says("is already on the engine");
    assert_eq!(builds().len(), 1);
}

#[test]
fn an_image_that_cannot_be_made_is_told_with_the_builders_last_word() {
    let mut script = script_with_pulls(&[("golang:1", Pull::Succeeds)]);
    script.image_build = vec!["E: no such package".to_owned()];
    script.image_build_error = Some("The command 'prepare' returned a non-zero code: 100");
    let place = Place::with(script);
    place
        .build(&["--image", "lean"])
        .code(12)
        .says("could not build image ")
        .says(": The command 'prepare' returned a non-zero code: 100")
        .says("--image lean and --image debian need less from the network")
        .says("hint: the whole log is ");
    let log = std::fs::read_to_string(place.failed().join("build.log")).unwrap();
    assert!(log.contains("E: no such package\n"), "{log}");
    place.nothing_is_left();
}

#[test]
fn an_image_comes_out_of_an_archive() {
    let place = Place::with(script_with_pulls(&[]));
    // The engine's image has no layers, and an id that is not the digest of a configuration: as with containerd's store.
    let save = |name: &str, layers: &str| {
        let config = format!(r#"{{"rootfs": {{"type": "layers", "diff_ids": {layers}}}}}"#);
        let entries = [
            ("config.json", 0o644, config.as_bytes()),
            ("manifest.json", 0o644, br#"[{"Config": "config.json"}]"#),
        ];
        std::fs::write(place.workplace.path().join(name), bytes_of(&entries)).unwrap();
    };
    save("image.tar", "[]");
    save("other.tar", r#"["sha256:22"]"#);
    place
        .build(&["--image-archive", "other.tar"])
        .code(12)
        .says("the engine loaded image archive other.tar, but still does not have image sha256:");
    place.build(&["--image-archive", "image.tar"]).code(0);
    place.nothing_is_left();
}

#[test]
fn proxies_reach_the_image_build_and_nothing_else() {
    let place = Place::with(script_with_pulls(&[("golang:1", Pull::Succeeds)]));
    let secret = "http://me:hidden@proxy.example:3128";
    let config = format!(r#"{{"proxies": {{"default": {{"httpsProxy": "{secret}"}}}}}}"#);
    place.workplace.write("docker/config.json", &config);
    let address = place.engine.address();
    let build = |output: &str| {
        let words = [&BUILD[..], &["--recipe-dir", "recipes", "--image", "lean"]].concat();
        let words = [&words[..], &["--host", &address, "--output", output]].concat();
        place.workplace.command(&words)
    };
    let finished: crate::support::command::Finished = build("proxied")
        .env("DOCKER_CONFIG", place.workplace.path().join("docker"))
        .env("http_proxy", "http://outer.example:8080")
        .output()
        .unwrap()
        .into();
    let finished = finished.code(0);
    let requests = place.engine.requests();
    let asked: Vec<_> = requests
        .iter()
        .filter(|asked| asked.path == "/build")
        .collect();
    let [asked] = asked.as_slice() else {
        panic!("one image build");
    };
    let arguments: serde_json::Value = serde_json::from_str(asked.asks("buildargs")).unwrap();
    for (name, value) in [
        ("HTTPS_PROXY", secret),
        ("https_proxy", secret),
        ("HTTP_PROXY", "http://outer.example:8080"),
        ("BASE", "golang:1"),
    ] {
        assert_eq!(arguments[name], value, "{arguments}");
    }
    assert!(
        !finished.stderr.contains("proxy.example"),
        "{}",
        finished.stderr
    );
    let result = place.workplace.path().join("proxied/tool/v1.0.0");
    let mut seen = 0;
    for platform in std::fs::read_dir(result).unwrap() {
        for file in std::fs::read_dir(platform.unwrap().path()).unwrap() {
            let text = std::fs::read(file.unwrap().path()).unwrap();
            let text = String::from_utf8_lossy(&text).to_lowercase();
            assert!(
                !text.contains("_proxy") && !text.contains(".example:"),
                "{text}"
            );
            seen += 1;
        }
    }
    assert!(seen > 4);
    // The image is the same without them.
    let again: crate::support::command::Finished = build("plain").output().unwrap().into();
    again.code(0);
    let builds = place.engine.requests();
    assert_eq!(
        builds.iter().filter(|asked| asked.path == "/build").count(),
        1
    );
}

/// One whose engine has layers, and makes the image of the recipe by a Dockerfile.
fn place_with_layers(layer: &str) -> Place {
    Place::with(script_with_layers(layer))
}

fn script_with_layers(layer: &str) -> Script {
    let mut script = script_with_pulls(&[("golang:1", Pull::Succeeds)]);
    script.layers = vec![format!("sha256:{}", layer.repeat(64))];
    script
}

const LEAN: [&str; 2] = ["--image", "lean"];

fn image_builds(place: &Place) -> usize {
    let requests = place.engine.requests().into_iter();
    requests.filter(|asked| asked.path == "/build").count()
}

/// Whether a result that is published elsewhere, on an engine that has nothing, comes from the cache.
fn is_cached_on_an_empty_engine(place: &mut Place, layer: &str, further: &[&str]) -> bool {
    place.engine = ScriptedEngine::start(script_with_layers(layer));
    let output = tempfile::tempdir_in(place.workplace.path()).expect("a directory");
    let output = output.path().display().to_string();
    let words = [&LEAN[..], &["--output", &output], further].concat();
    let built = place.build(&words).code(0);
    built.stdout.contains("taken from the cache")
}

#[test]
fn a_result_is_taken_from_the_cache_without_making_its_image_again() {
    let mut place = place_with_layers("a");
    place.build(&LEAN).code(0);
    assert_eq!(image_builds(&place), 1);
    assert!(is_cached_on_an_empty_engine(&mut place, "a", &[]));
    assert_eq!(image_builds(&place), 0);
    assert!(is_cached_on_an_empty_engine(
        &mut place,
        "a",
        &["--offline"]
    ));

    // Without the cache, the image is made; what is made now is what is remembered from then on.
    assert!(!is_cached_on_an_empty_engine(
        &mut place,
        "b",
        &["--no-cache"]
    ));
    assert_eq!(image_builds(&place), 1);
    assert!(is_cached_on_an_empty_engine(&mut place, "a", &[]));
    assert_eq!(image_builds(&place), 0);
    let results = place.workplace.path().join("cache/results");
    let results = std::fs::read_dir(results).expect("results").count();
    assert_eq!(results, 2);
}

#[test]
fn what_somebody_else_says_of_an_image_is_not_believed() {
    let mut place = place_with_layers("a");
    place.build(&LEAN).code(0);
    let records = place.workplace.path().join("cache/images");
    let [record] = super::place::names(&records)
        .try_into()
        .expect("one record");
    let record = records.join(record);
    let text = std::fs::read_to_string(&record).expect("a record");
    for wrong in [
        text.replace(&"a".repeat(64), &"b".repeat(64)),
        "{}".to_owned(),
        text.repeat(1000),
    ] {
        std::fs::write(&record, wrong).expect("written");
        // The image is made, and turns out to be the same.
        assert!(is_cached_on_an_empty_engine(&mut place, "a", &[]));
        assert_eq!(image_builds(&place), 1);
        assert_eq!(std::fs::read_to_string(&record).expect("a record"), text);
    }
    let secret = place.workplace.path().join("cache/results.secret");
    std::fs::remove_file(secret).expect("removed");
    is_cached_on_an_empty_engine(&mut place, "a", &[]);
    assert_eq!(image_builds(&place), 1);
}
