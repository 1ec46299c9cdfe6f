//! A place to build kubelet in, and the images that it is built in.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::build_place::{architecture, entries, manifest};
use crate::support::command::{Finished, Workplace};
use crate::support::docker_command::docker;
use crate::support::kubelet_recipe::{DEBIAN, export_without_pins};
use crate::support::kubernetes_project::KubernetesProject;
use crate::support::running::Running;
use crate::support::toolchain_image::alone;

/// A home to build the shipped recipe in, with the small project as its source.
pub struct KubeletPlace {
    /// Home, cache and working directory.
    pub place: Workplace,
    /// The source.
    pub project: KubernetesProject,
    /// What was on the engine before.
    before: Vec<String>,
}

impl KubeletPlace {
    /// A fresh one.
    pub fn new() -> Self {
        let place = Workplace::new();
        export_without_pins(&place);
        Self {
            place,
            project: KubernetesProject::serve(),
            before: left_on_engine(),
        }
    }

    fn words(&self, tag: &str, further: &[&str]) -> Vec<String> {
        let url = self.project.url();
        let recipe = ["kubelet", "--recipe-dir", "own", "--unpinned"];
        let source = ["--version", tag, "--source", &url];
        let words = [recipe.as_slice(), &source].concat();
        let words = words.iter().chain(further);
        words.map(|&word| word.to_owned()).collect()
    }

    /// Builds `tag`.
    pub fn build(&self, tag: &str, further: &[&str]) -> Finished {
        let words = self.words(tag, further);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.place.run(&words)
    }

    /// Starts a build of `tag`.
    pub fn start(&self, tag: &str, further: &[&str]) -> Running {
        let words = self.words(tag, further);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.place.start(&words)
    }

    /// Folder of the result of `tag` below the output folder `output`.
    pub fn result_in(&self, output: &str, tag: &str) -> PathBuf {
        let folder = self.place.path().join(output).join("kubelet").join(tag);
        folder.join(format!("linux-{}", architecture()))
    }

    /// The manifest of the result of `tag` below the usual output folder.
    pub fn manifest(&self, tag: &str) -> Value {
        manifest(&self.result_in("dist", tag))
    }

    /// Whether the engine has something more than before whose name begins so.
    pub fn has_left(&self, begin: &str) -> bool {
        let mut left = left_on_engine().into_iter();
        left.any(|name| name.starts_with(begin) && !self.before.contains(&name))
    }

    /// Asserts that neither the engine nor the cache holds anything of a run.
    #[track_caller]
    pub fn assert_nothing_is_left(&self) {
        let mut left = left_on_engine();
        left.retain(|name| !self.before.contains(name));
        assert!(left.is_empty(), "left behind: {left:?}");
        let runs = entries(&self.place.path().join("cache/runs"));
        assert!(runs.is_empty(), "left behind: {runs:?}");
    }
}

/// Names of what is on the engine of kubelet's builds, the tool's and those of upstream's script.
pub fn left_on_engine() -> Vec<String> {
    let containers = docker(&["ps", "-a", "--format", "{{.Names}}"]);
    let images = docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    let begins = [
        "kube-build",
        "kube-rsync",
        "kmembuild-kubelet-",
        "k8s.gcr.io/",
    ];
    containers
        .lines()
        .chain(images.lines())
        .filter(|name| begins.iter().any(|begin| name.starts_with(begin)))
        .map(str::to_owned)
        .collect()
}

/// Puts the compile cache of a build by make where upstream's script, which runs, is going to have its own. `before` is what
/// was on the engine before.
pub fn lend_compile_cache(run: &mut Running, by_make: &Value, before: &[String]) {
    const FOLDER: &str = "/go/src/k8s.io/kubernetes/_output/dockerized/go/cache";
    let image = by_make["image"]["id"].as_str().expect("an image");
    let id = image.trim_start_matches("sha256:");
    let volume = format!("kmembuild-kubelet-go-build-{}", &id[..12]);
    let holder = || {
        let mut left = left_on_engine().into_iter();
        left.find(|name| name.starts_with("kube-build-data-") && !before.contains(name))
    };
    run.until(|| holder().is_some());
    let holder = holder().expect("the container that holds the source");
    let script = format!("mkdir -p {FOLDER} && cp -a /lent/. {FOLDER}/");
    let volume = format!("{volume}:/lent:ro");
    let mounts = [
        "run",
        "--rm",
        "--volumes-from",
        &holder,
        "--volume",
        &volume,
    ];
    docker(&[&mounts[..], &[image, "sh", "-c", &script]].concat());
}

/// Version of the small project that the Debian images can build.
pub const DEBIAN_TAG: &str = "v1.20.0-rc.0";

/// Keeps two tests from naming images as upstream does at the same time.
pub fn engine_alone() -> std::fs::File {
    alone("kubelet")
}

/// Name of the Debian image that kubelet is built in by make, made when the engine does not have it.
pub fn make_image() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| image_of(&["--via", "make"]))
}

/// Name of the one that upstream's script is run in, which has a client of the engine.
pub fn script_image() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| image_of(&["--via", "run-sh"]))
}

fn image_of(way: &[&str]) -> String {
    let place = KubeletPlace::new();
    place.build(DEBIAN_TAG, &[&DEBIAN, way].concat()).code(0);
    let manifest = place.manifest(DEBIAN_TAG);
    let name = manifest["image"]["name"].as_str();
    name.expect("the image has a name").to_owned()
}
