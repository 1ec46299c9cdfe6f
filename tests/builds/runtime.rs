//! The same bytes without a daemon: by crun and by runc, in an image that mmdebstrap makes for each of the engines.

use crate::support::build_place::{architecture, manifest};
use crate::support::command::Workplace;
use crate::support::preflight::installed;
use crate::support::toolchain_image::alone;

#[test]
fn runc_of_debian_is_the_same_in_docker_and_by_oci_runtimes() {
    let _alone = alone("runc-debian");
    let place = Workplace::new();
    let result = |output: &str| {
        let result = format!("runc-debian/v1.0.0-rc93/linux-{}", architecture());
        manifest(&place.path().join(output).join(result))
    };
    place.run(&["runc-debian"]).code(0);
    let by_docker = result("dist");
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
        let by_runtime = result(runtime);
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
    }
    let shared = ["runc-debian", "--runtime", "crun", "-o", "shared"];
    let shared = place.run(&shared).code(0);
    assert!(!shared.stderr.contains("step compile"), "{shared:?}");
    let everything = ["clean", "--engine", "runtime", "--images", "--caches"];
    place.run(&everything).code(0);
}
