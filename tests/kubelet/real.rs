//! The real Kubernetes 1.20.2.

use std::fs;

use super::place::{engine_alone, left_on_engine, lend_compile_cache};
use crate::support::build_place::{architecture, manifest};
use crate::support::command::Workplace;
use crate::support::kubelet_recipe::{DEBIAN, export_without_pins};
use crate::support::real_kubernetes::{RealKubernetes, TAG};
use crate::support::run_check::assert_run;
use crate::support::toolchain_image::alone;

#[test]
fn kubernetes_1_20_2_is_built_without_accounting_both_ways_and_what_is_built_with_it_is_rejected() {
    let _alone = engine_alone();
    let upstream = RealKubernetes::serve();
    let url = upstream.url();
    let place = Workplace::new();
    export_without_pins(&place);
    let before = left_on_engine();
    let words = |further: &[&'static str]| {
        let recipe = ["kubelet", "--recipe-dir", "own", "--unpinned"];
        let source = ["--version", TAG, "--source", &url];
        let words = [recipe.as_slice(), &source].concat();
        let words = words.iter().chain(&DEBIAN).chain(further);
        words.map(|&word| word.to_owned()).collect::<Vec<_>>()
    };
    let start = |further: &[&'static str]| {
        let words = words(further);
        place.start(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let result = |output: &str| {
        let folder = place.path().join(output).join("kubelet").join(TAG);
        folder.join(format!("linux-{}", architecture()))
    };

    let by_make = start(&["--output", "by-make"]).finish().code(0);
    by_make.prints("off by the nokmem tag");
    let made = manifest(&result("by-make"));
    // What the one way compiled the other need not: Go takes it only where all that it was compiled from and with is equal.
    let mut by_script = start(&["--via", "run-sh", "--output", "by-script"]);
    lend_compile_cache(&mut by_script, &made, &before);
    let by_script = by_script.finish().code(0);
    by_script.prints("off by the nokmem tag");
    assert_eq!(left_on_engine(), before);
    let scripted = manifest(&result("by-script"));
    assert_eq!(made["via"], "make");
    assert_eq!(scripted["via"], "run-sh");
    assert_eq!(made["source"]["git"]["unmodified"], true);
    // Equal to the byte: what the recipe leaves out of upstream's build does not reach kubelet.
    assert_eq!(made["files"][0]["sha256"], scripted["files"][0]["sha256"]);

    // The same without the tag, which is what `BUILDTAGS=nokmem` would give; unchecked, as it would not get out otherwise.
    let recipe = place.path().join("own/kubelet.yaml");
    let mut text = fs::read_to_string(&recipe).expect("the recipe");
    for (old, new) in [(" -tags=nokmem", " -tags="), ("      kmem: \"off\"\n", "")] {
        assert!(text.contains(old), "the recipe has no {old:?}");
        text = text.replace(old, new);
    }
    fs::write(&recipe, text).expect("the recipe is written");
    let on_purpose = start(&["--output", "on-purpose"]);
    on_purpose.finish().code(0);

    // Started, each does what its marks say.
    let _checks = alone("run-check");
    let run = |output: &str| {
        let file = result(output).join("kubelet").display().to_string();
        place.run(&["verify", "--run", &file, "--format", "json"])
    };
    assert_run(
        &run("by-make").code(0),
        "off: it set the memory limit of kubepods",
        "/kubepods/memory.limit_in_bytes>, ",
    );
    let on = run("on-purpose").code(16);
    assert_run(
        &on,
        "on: it turned kernel-memory accounting on for kubepods",
        "/kubepods/memory.kmem.limit_in_bytes>, \"1\", 1",
    );
    on.prints("on: the code that turns it on");
    assert_eq!(left_on_engine(), before);
}
