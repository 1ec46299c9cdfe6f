//! The same bytes without a daemon: by crun and by runc, in an image that mmdebstrap makes for each of the engines.

use serde_json::Value;

use crate::support::build_place::{architecture, manifest};
use crate::support::command::{Finished, Workplace};
use crate::support::ordinary_user::{IDS, OrdinaryUser};
use crate::support::preflight::installed;
use crate::support::run_check::assert_run;
use crate::support::toolchain_image::alone;

#[test]
fn runc_of_debian_is_the_same_in_docker_and_by_oci_runtimes() {
    let _alone = alone("runc-debian");
    let place = Workplace::new();
    let result = format!("runc-debian/v1.0.0-rc93/linux-{}", architecture());
    let manifest_in = |output: &str| manifest(&place.path().join(output).join(&result));
    place.run(&["runc-debian"]).code(0);
    let by_docker = manifest_in("dist");
    for runtime in ["crun", "runc"] {
        installed(runtime);
        let words = [
            "runc-debian",
            "--runtime",
            runtime,
            "-o",
            runtime,
            "--no-cache",
            "--require-no-network",
        ];
        place
            .run(&words)
            .code(0)
            .prints("off by the nokmem tag")
            .says("step compile");
        let by_runtime = manifest_in(runtime);
        let engine = by_runtime["engine"].as_str().expect("an engine");
        assert!(engine.starts_with(runtime), "{engine}");
        assert_eq!(
            by_runtime["files"][0]["sha256"],
            by_docker["files"][0]["sha256"]
        );
        assert_eq!(
            by_runtime["image"]["packages"],
            by_docker["image"]["packages"]
        );
        // The same content by the same name: results are shared by all engines.
        assert_eq!(
            by_runtime["image"]["content"],
            by_docker["image"]["content"]
        );
        assert_eq!(by_runtime.get("not-enforced"), None);
        // Judged by running it, on this engine as on Docker.
        let file = place.path().join(runtime).join(&result).join("runc");
        let file = file.display().to_string();
        let run = place.run(&[
            "verify",
            "--run",
            &file,
            "--runtime",
            runtime,
            "--format",
            "json",
        ]);
        assert_run(&run.code(0), "off", "memory.limit_in_bytes");
    }
    let shared = ["runc-debian", "--runtime", "crun", "-o", "shared"];
    let shared = place.run(&shared).code(0);
    assert!(!shared.stderr.contains("step compile"), "{shared:?}");
    let everything = ["clean", "--engine", "runtime", "--images", "--caches"];
    place.run(&everything).code(0);
    by_an_ordinary_user(&place, &by_docker);
}

/// Without root, mmdebstrap makes the same image, and the build the same bytes.
fn by_an_ordinary_user(place: &Workplace, by_docker: &Value) {
    let own = Workplace::new();
    let user = OrdinaryUser::of(own.path());
    let program = user.program(env!("CARGO_BIN_EXE_kmembuild"));
    let words = ["runc-debian", "--runtime", "crun", "--require-no-network"];
    let mut command = own.set_up(user.command(IDS, program), &words);
    let built: Finished = command.output().expect("the command starts").into();
    built.code(0).prints("off by the nokmem tag");
    let result = format!("runc-debian/v1.0.0-rc93/linux-{}", architecture());
    let by_user = manifest(&own.path().join("dist").join(&result));
    assert_eq!(
        by_user["files"][0]["sha256"],
        by_docker["files"][0]["sha256"]
    );
    assert_eq!(by_user["image"]["packages"], by_docker["image"]["packages"]);
    assert_eq!(by_user["image"]["content"], by_docker["image"]["content"]);
    // What they may do there shows nothing of the kernel's accounting.
    let file = place.path().join("crun").join(&result).join("runc");
    let program = user.program(env!("CARGO_BIN_EXE_kmembuild"));
    let file = user.program(&file.display().to_string());
    let words = [
        "verify",
        "--run",
        &file.display().to_string(),
        "--runtime",
        "crun",
    ];
    let mut command = own.set_up(user.command(IDS, program), &words);
    let refused: Finished = command.output().expect("the command starts").into();
    assert!(
        refused.stderr.contains("may not make any here"),
        "{refused:?}"
    );
}
