//! The programs of the real Kubernetes 1.20.2, built by the command under test once for all tests of a checkout.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::build_place::architecture;
use super::command::Workplace;
use super::kubelet_recipe::{DEBIAN, export_without_pins};
use super::real_kubernetes::{RealKubernetes, TAG};
use super::running::Running;
use super::toolchain_image::alone;

/// What a cluster takes.
const TARGETS: [&str; 5] = [
    "kubelet",
    "kubectl",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
];

/// Path of a program of them.
pub fn kubernetes_program(name: &str) -> String {
    let file = built_kubernetes().join(name);
    assert!(file.exists(), "{} is not built", file.display());
    file.display().to_string()
}

/// The folder of the result. It is built where that was not done before from the same source by the same steps.
pub fn built_kubernetes() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let _alone = alone("kubernetes-programs");
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kubernetes");
        let upstream = RealKubernetes::serve();
        let url = upstream.url();
        let place = Workplace::new();
        export_without_pins(&place);
        let output = kept.join("dist").display().to_string();
        let recipe = ["kubelet", "--recipe-dir", "own", "--unpinned"];
        let source = ["--version", TAG, "--source", &url, "--output", &output];
        let targets = TARGETS.join(",");
        let words = [&recipe[..], &source, &DEBIAN, &["--target", &targets]].concat();
        let mut command = place.command(&words);
        command.env("KMEMBUILD_CACHE_DIR", kept.join("cache"));
        Running::start(&mut command).finish().code(0);
        let folder = kept.join("dist/kubelet").join(TAG);
        folder.join(format!("linux-{}", architecture()))
    })
}
