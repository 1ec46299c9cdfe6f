//! The real Kubernetes 1.20.2.

use std::fs;

use super::place::{DEBIAN, engine_alone, left_on_engine};
use super::source::{RealKubernetes, TAG};
use crate::support::build_place::{architecture, manifest};
use crate::support::command::Workplace;
use crate::support::toolchain_image::alone;
use crate::support::trial_check::assert_run;

#[test]
fn kubernetes_1_20_2_is_built_without_accounting_both_ways_and_with_it_is_rejected() {
    let _alone = engine_alone();
    let upstream = RealKubernetes::serve();
    let url = upstream.url();
    let place = Workplace::new();
    let before = left_on_engine();
    let build = |further: &[&str]| {
        let words = ["kubelet", "--version", TAG, "--source", &url];
        place.run(&[&words, &DEBIAN[..], further].concat())
    };
    let result = |output: &str| {
        let folder = place.path().join(output).join("kubelet").join(TAG);
        folder.join(format!("linux-{}", architecture()))
    };

    let by_make = build(&["--output", "by-make"]).code(0);
    assert!(
        by_make.stdout.contains("off by the nokmem tag"),
        "{}",
        by_make.stdout
    );
    let by_script = build(&["--via", "run-sh", "--output", "by-script"]).code(0);
    assert!(
        by_script.stdout.contains("off by the nokmem tag"),
        "{}",
        by_script.stdout
    );
    assert_eq!(left_on_engine(), before);
    let [made, scripted] = ["by-make", "by-script"].map(|output| manifest(&result(output)));
    assert_eq!(made["via"], "make");
    assert_eq!(scripted["via"], "run-sh");
    assert_eq!(made["source"]["git"]["unmodified"], true);
    // Equal to the byte: what the recipe leaves out of upstream's build does not reach kubelet.
    assert_eq!(made["files"][0]["sha256"], scripted["files"][0]["sha256"]);

    // The same without the tag, which is what `BUILDTAGS=nokmem` would give.
    place.run(&["recipes", "export", "kubelet", "own"]).code(0);
    let recipe = place.path().join("own/kubelet.yaml");
    let text = fs::read_to_string(&recipe).expect("the recipe");
    assert!(text.contains(" -tags=nokmem"));
    fs::write(&recipe, text.replace(" -tags=nokmem", " -tags=")).expect("the recipe is written");
    build(&["--recipe-dir", "own", "--output", "with-accounting"])
        .code(16)
        .prints("on: the code that turns it on")
        .says("is not published: kubelet");
    assert!(!result("with-accounting").exists());

    // Started, each does what its marks say.
    let text = fs::read_to_string(&recipe).expect("the recipe");
    let unchecked = text.replace("      kmem: \"off\"\n", "");
    assert_ne!(unchecked, text);
    fs::write(&recipe, unchecked).expect("the recipe is written");
    build(&["--recipe-dir", "own", "--output", "on-purpose"]).code(0);
    let _trials = alone("trial");
    let run = |output: &str| {
        let file = result(output).join("kubelet").display().to_string();
        place.run(&["verify", "--run", &file, "--format", "json"])
    };
    assert_run(
        &run("by-make").code(0),
        "off: it set the memory limit of kubepods",
        "/kubepods/memory.limit_in_bytes>, ",
    );
    assert_run(
        &run("on-purpose").code(16),
        "on: it turned kernel-memory accounting on for kubepods",
        "/kubepods/memory.kmem.limit_in_bytes>, \"1\", 1",
    );
    assert_eq!(left_on_engine(), before);
}
