//! The real thing: runc 1.0.0-rc93 as Debian ships it, with kernel-memory accounting off, and with it on.

use std::fs;
use std::path::PathBuf;

use crate::support::build_place::{architecture, entries, manifest};
use crate::support::command::{Finished, Workplace};
use crate::support::docker_command::{containers_of, docker, docker_succeeds};
use crate::support::run_check::assert_run;
use crate::support::toolchain_image::alone;

const VOLUMES: [&str; 5] = [
    "volume",
    "ls",
    "-q",
    "--filter",
    "label=io.kmembuild.recipe=runc-debian",
];

/// Removes the compile caches that were not there before; whoever uses the recipe keeps theirs.
struct Caches(String);

impl Drop for Caches {
    fn drop(&mut self) {
        for volume in docker(&VOLUMES).lines() {
            if !self.0.lines().any(|before| before == volume) {
                docker_succeeds(&["volume", "rm", volume]);
            }
        }
    }
}

/// Folder of the result below the output folder `output`.
fn result(place: &Workplace, output: &str) -> PathBuf {
    let folder = format!("{output}/runc-debian/v1.0.0-rc93/linux-{}", architecture());
    place.path().join(folder)
}

/// Builds the recipe of the folder `on`, from which `left_out` is taken away.
fn build_changed(place: &Workplace, left_out: &[&str], output: &str) -> Finished {
    let _ = fs::remove_dir_all(place.path().join("on"));
    place
        .run(&["recipes", "export", "runc-debian", "on"])
        .code(0);
    let file = place.path().join("on/runc-debian.yaml");
    let mut text = fs::read_to_string(&file).expect("the exported recipe");
    for left_out in left_out {
        assert!(text.contains(left_out), "the recipe has no {left_out:?}");
        text = text.replace(left_out, "");
    }
    fs::write(&file, text).expect("the changed recipe");
    place.run(&["runc-debian", "--recipe-dir", "on", "-o", output])
}

/// The memory cgroups of checks that are on this host.
fn memory_cgroups() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("/sys/fs/cgroup/memory")];
    while let Some(folder) = folders.pop() {
        // One that is removed meanwhile has nothing in it.
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
        }
        if folder.ends_with("kmembuild-run-check") {
            found.push(folder);
        }
    }
    found
}

#[test]
fn runc_of_debian_is_off_by_its_recipe_and_its_twin_with_accounting_on_never_gets_out() {
    let _alone = alone("runc-debian");
    let _caches = Caches(docker(&VOLUMES));
    let place = Workplace::new();

    let built = place.run(&["runc-debian", "-v"]).code(0);
    built
        .prints("off by the nokmem tag")
        .prints("kmem_disabled.go");
    let off = manifest(&result(&place, "dist"));
    let source = &off["source"]["directory"];
    assert_eq!(source["package"], "golang-github-opencontainers-runc-dev");
    let version = source["package-version"].as_str().expect("its version");
    assert!(version.starts_with("1.0.0~rc93"), "{version}");

    place
        .run(&["runc-debian", "-o", "again", "--no-cache"])
        .code(0);
    let again = manifest(&result(&place, "again"));
    assert_eq!(again["files"][0]["sha256"], off["files"][0]["sha256"]);

    let file = result(&place, "dist").join("runc");
    let before = fs::read(result(&place, "dist").join("SHA256SUMS")).expect("checksums");
    let twin = build_changed(&place, &[" apparmor nokmem"], "dist").code(16);
    twin.prints("on: the code that turns it on")
        .prints("libcontainer/cgroups/fs/kmem.go")
        .prints("memory.kmem.limit_in_bytes")
        .says("does not pass its checks and is not published: runc");
    let after = fs::read(result(&place, "dist").join("SHA256SUMS")).expect("checksums");
    assert_eq!(after, before);
    let failed = format!("linux-{}.failed", architecture());
    let failed = result(&place, "dist").with_file_name(failed);
    assert_eq!(
        entries(&failed),
        ["build.log", "findings.json", "plan.json"]
    );

    let verify = |file: PathBuf| place.run(&["verify", "--static", &file.display().to_string()]);
    verify(file).code(0).prints("off by the nokmem tag");
    // Only a recipe that does not ask for it lets such a binary out.
    build_changed(
        &place,
        &[" apparmor nokmem", "      kmem: \"off\"\n"],
        "on-purpose",
    )
    .code(0);
    verify(result(&place, "on-purpose").join("runc"))
        .code(16)
        .prints("on: the code that turns it on")
        .says("1 of 1 file failed");

    // Run with a memory limit, each does what its marks say.
    let _checks = alone("run-check");
    let cgroups = memory_cgroups();
    let run = |file: PathBuf| {
        let file = file.display().to_string();
        place.run(&["verify", "--run", &file, "--format", "json"])
    };
    assert_run(
        &run(result(&place, "dist").join("runc")).code(0),
        "off: it set the memory limit of the container and wrote nothing to memory.kmem.*",
        "/memory.limit_in_bytes>, \"67108864\", 8",
    );
    assert_run(
        &run(result(&place, "on-purpose").join("runc")).code(16),
        "on: it turned kernel-memory accounting on for the container",
        "/memory.kmem.limit_in_bytes>, \"1\", 1",
    );
    // The same before it is published, here out of the cache; the manifest says so, and an audit takes its word.
    let tried = place
        .run(&["runc-debian", "-o", "tried", "--verify-run"])
        .code(0);
    tried.says("runc was run: off");
    let folder = result(&place, "tried");
    let checks = &manifest(&folder)["files"][0]["checks"];
    let names = checks.as_array().expect("checks").iter();
    assert!(
        names.map(|check| &check["name"]).any(|name| name == "run"),
        "{checks}"
    );
    place
        .run(&["verify", &folder.display().to_string()])
        .code(0);
    let release = "format: 1\noutput: released\ntargets: [{recipe: runc-debian}]\n";
    place.write("release.yaml", release);
    place
        .run(&["release", "release.yaml"])
        .code(0)
        .says("runc was run: off");
    place.run(&["verify", "released"]).code(0);
    let again = place.run(&["release", "release.yaml"]).code(0);
    assert!(!again.stderr.contains("was run"), "{again:?}");
    assert_eq!(memory_cgroups(), cgroups);
    assert_eq!(containers_of("run-check"), "");

    assert_eq!(containers_of("runc-debian"), "");
    assert!(entries(&place.path().join("cache/runs")).is_empty());
}
