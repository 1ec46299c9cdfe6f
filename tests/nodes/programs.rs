//! The programs that go to the machines: a runc without accounting, built of Debian's own source by the recipe `runc-debian`,
//! the script and the package with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use kmembuild::artifacts::{read_manifest, read_plan};
use kmembuild::delivery::packaging::{PackageFormat, PackageSettings, package};

use super::image::place;
use super::machine::Machine;
use crate::packaging::result::shipped;
use crate::support::command::{Finished, Workplace};
use crate::support::toolchain_image::alone;

/// Where Debian has runc.
pub const RUNC: &str = "/usr/sbin/runc";

/// The result of the build, which is kept.
pub fn result() -> &'static Path {
    static RESULT: OnceLock<PathBuf> = OnceLock::new();
    RESULT.get_or_init(|| {
        let _alone = alone("nodes-runc");
        let dist = place().join("dist");
        let output = dist.display().to_string();
        let workplace = Workplace::new();
        let mut build = workplace.command(&["runc-debian", "-o", &output]);
        build.env("KMEMBUILD_CACHE_DIR", place().join("cache"));
        let finished: Finished = build.output().expect("it starts").into();
        finished.code(0);
        dist.join("runc-debian/v1.0.0-rc93/linux-amd64")
    })
}

/// The sum of the new runc.
pub fn new_sum() -> String {
    let manifest = read_manifest(result()).expect("the manifest of the build");
    let mut files = manifest.files.into_iter();
    let runc = files.find(|file| file.name == "runc");
    runc.expect("a runc").sha256
}

/// Brings the new runc and its script to a machine: `/root/node.sh` and `/root/runc`.
pub fn bring_script(machine: &Machine) {
    let workplace = Workplace::new();
    let result = result();
    let from = result.display().to_string();
    workplace
        .run(&["node-script", &from, "-o", "node.sh"])
        .code(0);
    let script = fs::read(workplace.path().join("node.sh")).expect("the script");
    machine.write("/root/node.sh", &script);
    machine.write("/root/runc", &fs::read(result.join("runc")).expect("runc"));
}

/// Brings the package to a machine: `/root/runc.deb`.
pub fn bring_package(machine: &Machine) {
    let result = result();
    let plan = read_plan(result).expect("the plan of the build");
    let manifest = read_manifest(result).expect("the manifest of the build");
    let of_recipe = shipped("runc-debian");
    let settings = PackageSettings::new(&of_recipe, &plan.source);
    let out = tempfile::tempdir().expect("a folder");
    let made = package(PackageFormat::Deb, &settings, &manifest, result, out.path());
    let made = fs::read(made.expect("a package")).expect("read");
    machine.write("/root/runc.deb", &made);
}

/// What is known of a file by `stat` and its sum: two that say the same are the same to the byte, and of one time.
pub fn identity(machine: &Machine, path: &str) -> String {
    machine.well(&format!(
        "stat -c '%s %a %u:%g %Y' {path} && sha256sum <{path}"
    ))
}
