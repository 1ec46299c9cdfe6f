//! The same bytes without an engine: inside a root file system that mmdebstrap made, with nothing added but the tool.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::build_place::{architecture, manifest};
use crate::support::command::{Finished, Workplace};
use crate::support::docker_command::docker;
use crate::support::preflight::installed;
use crate::support::toolchain_image::alone;

/// Where the tool and its libraries are in the root file system.
const TOOL: &str = "/opt/kmembuild";

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let output = command.output().expect("the command starts");
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The root file system of the image, with the tool in it. The tool of these tests is linked with this system's
/// libraries, which it takes along.
fn root_of(image: &str) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    let container = docker(&["create", image, "true"]);
    let unpack = format!(
        "docker export {container} | tar -x -C {}",
        root.path().display()
    );
    succeeds(Command::new("sh").args(["-c", &unpack]));
    docker(&["rm", &container]);
    let program = env!("CARGO_BIN_EXE_kmembuild");
    let place = root.path().join(TOOL.trim_start_matches('/'));
    fs::create_dir_all(&place).expect("a directory for the tool");
    let mut loader = None;
    let libraries = succeeds(Command::new("ldd").arg(program));
    let libraries = libraries.split_whitespace();
    for library in libraries.filter(|word| word.starts_with('/')) {
        let name = Path::new(library).file_name().expect("a name");
        fs::copy(library, place.join(name)).expect("a copied library");
        if name.to_string_lossy().starts_with("ld-linux") {
            loader = Some(format!("{TOOL}/{}", name.to_string_lossy()));
        }
    }
    fs::copy(program, place.join("kmembuild")).expect("a copied program");
    let loader = loader.expect("a loader");
    let mut patch = installed("patchelf");
    let patch = patch.args(["--set-interpreter", &loader, "--force-rpath", "--set-rpath"]);
    succeeds(patch.arg(TOOL).arg(place.join("kmembuild")));
    for library in fs::read_dir(&place).expect("the tool").flatten() {
        let name = library.file_name().to_string_lossy().into_owned();
        if name.starts_with("lib") {
            let mut patch = installed("patchelf");
            let patch = patch.args(["--force-rpath", "--set-rpath", TOOL]);
            succeeds(patch.arg(library.path()));
        }
    }
    root
}

/// Runs the tool in the root file system, with a /proc that goes with it.
fn run_in(root: &Path, arguments: &[&str]) -> Finished {
    let script = r#"mount -t proc proc "$1/proc" && shift && exec "$@""#;
    let root = root.display().to_string();
    let environment = [
        "HOME=/root",
        "PATH=/usr/lib/go-1.15/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "KMEMBUILD_CACHE_DIR=/var/tmp/cache",
    ];
    let mut command = installed("unshare");
    command
        .args(["--mount", "sh", "-c", script, "sh", &root])
        .args(["chroot", &root, "/usr/bin/env", "-i"])
        .args(environment)
        .arg(format!("{TOOL}/kmembuild"))
        .args(arguments);
    command.output().expect("unshare starts").into()
}

#[test]
fn runc_of_debian_is_the_same_in_docker_and_in_the_container_itself() {
    let _alone = alone("runc-debian");
    let place = Workplace::new();
    place.run(&["runc-debian"]).code(0);
    let result = format!("runc-debian/v1.0.0-rc93/linux-{}", architecture());
    let by_docker = manifest(&place.path().join("dist").join(&result));
    let image = by_docker["image"]["name"].as_str().expect("an image");
    let root = root_of(image);
    let sources = root
        .path()
        .join("usr/share/gocode/src/github.com/opencontainers/runc");
    let before = fs::read_dir(&sources).expect("the source").count();

    let arguments = [
        "runc-debian",
        "--engine",
        "local",
        "-o",
        "/dist",
        "--require-no-network",
    ];
    run_in(root.path(), &arguments)
        .code(0)
        .prints("off by the nokmem tag");
    let local = manifest(&root.path().join("dist").join(&result));
    assert_eq!(local["files"][0]["sha256"], by_docker["files"][0]["sha256"]);
    assert_eq!(local["image"]["packages"], by_docker["image"]["packages"]);
    // What nobody knows is not claimed; what is true of both is the same.
    assert_eq!(local["image"]["id"], "unknown");
    assert_eq!(local.get("not-enforced"), None);
    assert_eq!(fs::read_dir(&sources).expect("the source").count(), before);
    assert!(!root.path().join("var/cache/go-build").exists());
}
