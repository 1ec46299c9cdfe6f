//! What is kept on the engine and of results: listed, and pruned unless something works with it.

use serde_json::Value;

use crate::support::build_place::{BuildPlace, WAIT, entries};
use crate::support::debian_image::debian_image;
use crate::support::docker_command::{docker, docker_succeeds};

const TAG: &str = "v1.0.0-rc10";

/// A recipe with a compile cache, which the build fills with a MiB.
fn place(name: &str, script: &str) -> BuildPlace {
    debian_image();
    let script =
        format!("dd if=/dev/zero of=/var/store/mib bs=1M count=1; {script}cp /bin/true out");
    let build = BuildPlace::steps(name, &script, "out");
    let file = format!("recipes/{}.yaml", build.recipe);
    let text = std::fs::read_to_string(build.place.path().join(&file)).expect("the recipe");
    let text = text.replace(
        "  steps:\n",
        "  caches: [{name: store, path: /var/store}]\n  steps:\n",
    );
    build.place.write(&file, &text);
    build
}

/// What `cache list` says of the recipe's volumes or images.
fn listed(build: &BuildPlace, what: &str) -> Vec<Value> {
    let list = build.place.run(&["cache", "list", "--format", "json"]);
    let list: Value = serde_json::from_str(&list.code(0).stdout).expect("one document");
    let things = list["engine"][what].as_array().expect("a list").iter();
    let of_recipe = things.filter(|thing| thing["recipe"] == build.recipe.as_str());
    of_recipe.cloned().collect()
}

/// Only ever what is of the test's own recipe.
fn prune(build: &BuildPlace, words: &[&str]) -> String {
    let recipe = ["cache", "prune", "--recipe", &build.recipe];
    build.place.run(&[&recipe, words].concat()).code(0).stdout
}

/// A volume of another recipe, until dropped.
struct Volume(String);

impl Volume {
    fn create(recipe: String) -> Self {
        let label = format!("io.kmembuild.recipe={recipe}");
        let labels = ["--label", "io.kmembuild.run=aaaaaaaaaa", "--label", &label];
        docker(&[&["volume", "create"], &labels[..], &[&recipe]].concat());
        Self(recipe)
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        docker_succeeds(&["volume", "rm", &self.0]);
    }
}

#[test]
fn volumes_and_images_are_listed_with_their_sizes_and_pruned() {
    let build = place("kept", "");
    build.build(TAG, &[]).code(0);
    // An image as the tool labels them, of this recipe, and a volume of another one.
    let image = format!("kmembuild-test/kept:{}", std::process::id());
    let recipe = format!("LABEL io.kmembuild.recipe={}", build.recipe);
    let labels = ["-c", "LABEL io.kmembuild.run=aaaaaaaaaa", "-c", &recipe];
    let container = docker(&["create", &debian_image(), "true"]);
    docker(&[&["commit"], &labels[..], &[&container, &image]].concat());
    docker(&["rm", &container]);
    let other = Volume::create(format!("{}-other", build.recipe));

    let [volume] = listed(&build, "volumes").try_into().expect("one volume");
    let name = volume["name"].as_str().expect("a name").to_owned();
    assert_eq!(
        (&volume["size"], &volume["containers"]),
        (&(1 << 20).into(), &0.into())
    );
    let [found] = listed(&build, "images").try_into().expect("one image");
    assert_eq!(found["name"], image.as_str());
    assert!(found["size"].as_u64() > Some(50 << 20), "{found}");

    // Whatever a user runs with the volume keeps it.
    let mount = format!("{name}:/store");
    let label = format!("io.kmembuild.recipe={}", build.recipe);
    let user = docker(&[
        "create",
        "--label",
        &label,
        "-v",
        &mount,
        &debian_image(),
        "true",
    ]);
    for (words, done) in [
        (&["--caches", "--images", "--dry-run"][..], "would remove"),
        (&["--caches", "--images"], "removed"),
    ] {
        let text = prune(&build, words);
        assert!(
            text.contains(&format!(
                "kept volume {name} (1.0 MiB): a container uses it\n"
            )),
            "{text}"
        );
        assert!(text.contains(&format!("{done} image {image} (")), "{text}");
        assert!(text.contains(&format!("{done} 1 image, ")), "{text}");
    }
    assert!(!docker_succeeds(&["image", "inspect", &image]));
    docker(&["rm", &user]);
    let text = prune(&build, &["--caches"]);
    assert_eq!(
        text,
        format!("removed volume {name} (1.0 MiB)\nremoved 1 volume, 1.0 MiB\n")
    );
    assert_eq!(listed(&build, "volumes"), [Value::Null; 0]);
    assert!(docker_succeeds(&["volume", "inspect", &other.0]));
    assert_eq!(
        prune(&build, &["--volumes", "--images"]),
        "nothing to remove\n"
    );
}

#[test]
fn what_a_live_run_works_with_is_not_pruned() {
    // The second run waits in its step until it is let go.
    let wait = format!("if test -e /var/store/first; then {WAIT}; fi; touch /var/store/first; ");
    let build = place("kept-live", &wait);
    build.build(TAG, &[]).code(0);
    let run = build.start(TAG, &["--no-cache"]);
    run.until_says("step script");
    let text = prune(&build, &["--size", "0", "--volumes"]);
    assert!(
        text.contains(&format!("kept result {} {TAG} ", build.recipe)),
        "{text}"
    );
    assert!(text.contains(": a running build uses it\n"), "{text}");
    assert!(text.contains(": a container uses it\n"), "{text}");
    assert!(!text.contains("removed"), "{text}");
    build.let_go();
    run.finish().code(0);
    prune(&build, &["--size", "0", "--volumes"]);
    let results = build.place.path().join("cache/results");
    assert_eq!(entries(&results), [""; 0]);
    build.assert_nothing_is_left();
}
