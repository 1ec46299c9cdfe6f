//! Small trees of Kubernetes' form, built by make.

use super::place::{DEBIAN_TAG, KubeletPlace, engine_alone, make_image};
use crate::support::build_place::{entries, manifest};
use crate::support::docker_command::docker_succeeds;
use crate::support::kubelet_recipe::DEBIAN;
use crate::support::registry::{Registry, free_address};

/// The image under upstream's name, from the only one of three mirrors that has it; gone again when dropped.
struct CrossImage {
    registry: Registry,
    dead: String,
    name: &'static str,
    last: &'static str,
}

impl CrossImage {
    fn of(name: &'static str) -> Self {
        let last = name.rsplit('/').next().unwrap_or_default();
        let registry = Registry::start();
        registry.push(make_image(), &format!("hub/{last}"));
        docker_succeeds(&["rmi", name]);
        Self {
            registry,
            dead: free_address(),
            name,
            last,
        }
    }

    fn mirrors(&self) -> [String; 3] {
        let address = &self.registry.address;
        [
            self.dead.clone(),
            format!("{address}/empty"),
            format!("{address}/hub"),
        ]
    }
}

impl Drop for CrossImage {
    fn drop(&mut self) {
        let pulled = format!("{}/hub/{}", self.registry.address, self.last);
        docker_succeeds(&["rmi", self.name, &pulled]);
    }
}

#[test]
fn a_release_without_a_switch_is_patched_and_its_image_comes_from_a_mirror() {
    const NAME: &str = "gcr.io/google_containers/kube-cross:v1.8.3-2";
    let _alone = engine_alone();
    let image = CrossImage::of(NAME);
    let [dead, empty, hub] = image.mirrors();
    let mirrors = ["--mirror", &dead, "--mirror", &empty, "--mirror", &hub];
    let place = KubeletPlace::new();

    // The image's Go is not the one that VERSION asks for.
    place
        .build("v1.8.15", &mirrors)
        .code(17)
        .says(&format!("the toolchain of image {NAME} is 1.15"))
        .says("but upstream builds this version with 1.8.3")
        .says("hint: use --allow-toolchain 1.15");
    place
        .build(
            "v1.8.15",
            &[&mirrors[..], &["--allow-toolchain", "1.14"]].concat(),
        )
        .code(17)
        .says("; 1.14 is accepted instead");

    let words = [&mirrors[..], &["--allow-toolchain", "1.15"]].concat();
    let built = place.build("v1.8.15", &words).code(0);
    assert!(
        built.stdout.contains("off: the code was removed"),
        "{}",
        built.stdout
    );
    let manifest = place.manifest("v1.8.15");
    assert_eq!(manifest["class"], "source-patch");
    let source = &manifest["source"]["git"];
    assert_eq!(source["unmodified"], false);
    assert_eq!(
        source["patches"][0]["file"],
        "kubelet/kmem-off-1.8-1.13.patch"
    );
    assert_eq!(manifest["image"]["name"], NAME);
    let toolchain = &manifest["toolchain"];
    assert_eq!(toolchain["upstream"], "1.8.3");
    assert_eq!(toolchain["allowed"], "1.15");
    assert_ne!(toolchain["version"], toolchain["upstream"]);
    // A patched tree says that it is the tag's: what was patched stands in the manifest.
    let said = manifest["files"][0]["checks"].to_string();
    assert!(said.contains(&place.project.commit("v1.8.15")), "{said}");
    place.assert_nothing_is_left();
}

#[test]
fn several_targets_static_and_with_all_that_the_build_makes() {
    let _alone = engine_alone();
    make_image();
    let place = KubeletPlace::new();
    let words = [
        &DEBIAN[..],
        &["--target", "kubeadm,kubelet", "--static", "--all-outputs"],
    ]
    .concat();
    place.build(DEBIAN_TAG, &words).code(0);
    let result = place.result_in("dist", DEBIAN_TAG);
    assert_eq!(
        entries(&result),
        [
            "SHA256SUMS",
            "build.log",
            "generator",
            "kubeadm",
            "kubelet",
            "manifest.json",
            "plan.json",
            "provenance.json",
            "sbom.cdx.json"
        ]
    );
    let manifest = manifest(&result);
    let names: Vec<_> = manifest["files"]
        .as_array()
        .expect("files")
        .iter()
        .map(|file| {
            let checks = file["checks"].as_array().expect("checks").iter();
            let kmem = checks.filter(|check| check["name"] == "kmem").count();
            let linkage = file["findings"]["linkage"]["kind"].as_str();
            (file["name"].as_str(), kmem, linkage)
        })
        .collect();
    // What is checked of kubelet is not checked of the others.
    assert_eq!(
        names,
        [
            (Some("kubelet"), 1, Some("static")),
            (Some("kubeadm"), 0, Some("static")),
            (Some("generator"), 0, Some("static")),
        ]
    );
    place.assert_nothing_is_left();
}

#[test]
fn without_the_option_kubelet_is_dynamic_and_alone() {
    let _alone = engine_alone();
    make_image();
    let place = KubeletPlace::new();
    place.build(DEBIAN_TAG, &DEBIAN).code(0);
    let manifest = place.manifest(DEBIAN_TAG);
    let files = manifest["files"].as_array().expect("files");
    assert_eq!(files.len(), 1);
    assert_eq!(files[0]["findings"]["linkage"]["kind"], "dynamic");
    let said = files[0]["checks"].to_string();
    assert!(said.contains("Minor:\\\"20+\\\""), "{said}");

    // The compile cache is below the work folder, which is cleared before each build.
    place.place.run(&["clean", "--caches"]).code(0);
    let compiled = || {
        let again = [&DEBIAN[..], &["--no-cache"]].concat();
        place.build(DEBIAN_TAG, &again).code(0);
        let log = place.result_in("dist", DEBIAN_TAG).join("build.log");
        let log = std::fs::read_to_string(log).expect("the log");
        log.contains(
            "\nk8s.io/kubernetes/vendor/github.com/opencontainers/runc/libcontainer/cgroups/fs\n",
        )
    };
    assert!(compiled(), "from nothing");
    assert!(!compiled(), "from the cache");
}

#[test]
fn without_the_build_tag_accounting_is_on_and_nothing_is_published() {
    let _alone = engine_alone();
    let place = KubeletPlace::new();
    let recipe = place.place.path().join("own/kubelet.yaml");
    let text = std::fs::read_to_string(&recipe).expect("the recipe");
    assert!(text.contains(" -tags=nokmem"));
    let text = text.replace(" -tags=nokmem", " -tags=");
    std::fs::write(&recipe, text).expect("the recipe is written");
    place
        .build(DEBIAN_TAG, &DEBIAN)
        .code(16)
        .prints("on: the code that turns it on")
        .says("is not published: kubelet");
    assert!(!place.result_in("dist", DEBIAN_TAG).exists());
    place.assert_nothing_is_left();
}

#[test]
fn a_release_that_needs_no_build_is_built_only_by_force() {
    let place = KubeletPlace::new();
    place
        .build("v1.23.0", &["--image-name", make_image()])
        .code(11)
        .says("since 1.21.2 its libcontainer ignores");
    let words = [
        "--image-name",
        make_image(),
        "--allow-toolchain",
        "1.15",
        "--force",
    ];
    let built = place.build("v1.23.0", &words).code(0);
    assert!(
        built.stdout.contains("ignored by this version"),
        "{}",
        built.stdout
    );
}

#[test]
fn a_need_of_more_than_the_engine_has_is_told_before_anything_is_compiled() {
    let place = KubeletPlace::new();
    let recipe = place.place.path().join("own/kubelet.yaml");
    let text = std::fs::read_to_string(&recipe).expect("the recipe");
    let text = text
        .replace("memory: 4GiB", "memory: 4000GiB")
        .replace("disk: 8GiB", "disk: 800000GiB");
    std::fs::write(&recipe, text).expect("the recipe is written");
    let words = ["--image-name", make_image(), "--allow-toolchain", "1.15"];
    let built = place.build("v1.15.5", &words).code(0);
    let warned = built
        .stderr
        .find("of memory, but the build needs 3.9 TiB; use --low-memory");
    let compiled = built.stderr.find("step compile");
    assert!(warned.is_some() && warned < compiled, "{}", built.stderr);
    built.says("of free space, but the build needs 781.2 TiB");
    let words = [&words[..], &["--low-memory"]].concat();
    let built = place.build("v1.15.5", &words).code(0);
    let log = std::fs::read_to_string(place.result_in("dist", "v1.15.5").join("plan.json"));
    assert!(log.expect("a plan").contains("-v -p=1 -tags=nokmem"));
    assert!(!built.stderr.contains("; --low-memory"), "{}", built.stderr);
}
