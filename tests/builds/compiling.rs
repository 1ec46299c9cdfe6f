//! What comes out of compiling: the right thing, the same bytes each time, labelled for what it is.

use std::fs;

use crate::support::build_place::{BuildPlace, manifest};
use crate::support::toolchain_image::{alone, toolchain_image};

#[test]
fn a_debian_image_is_bootstrapped_once_and_the_result_says_what_it_is_made_of() {
    toolchain_image();
    let _alone = alone("toolchain");
    let build = BuildPlace::shaped_itself();
    build
        .build("v1.0.0-rc10", &["--image", "debian"])
        .code(0)
        .says("is already on the engine")
        .prints("off by the nokmem tag");
    let result = build.result("v1.0.0-rc10");
    let manifest = manifest(&result);
    let commit = build.project.commit("v1.0.0-rc10");
    assert_eq!(manifest["class"], "build-tag");
    assert_eq!(manifest["source"]["git"]["commit"], commit.as_str());
    assert_eq!(manifest["source"]["git"]["unmodified"], true);
    assert_eq!(manifest["source"]["git"]["url"], build.project.url());
    let packages = manifest["image"]["packages"].as_array();
    let packages = packages.expect("the packages");
    assert!(
        packages
            .iter()
            .any(|package| package["name"] == "golang-1.15-go")
    );
    let said = std::process::Command::new(result.join("runc"))
        .arg("--version")
        .output()
        .expect("the result runs on this host");
    let said = String::from_utf8_lossy(&said.stdout);
    assert_eq!(said, format!("runc version 1.0.0-rc10\ncommit: {commit}\n"));
    let sums = std::process::Command::new("sha256sum")
        .args(["--check", "--strict", "SHA256SUMS"])
        .current_dir(&result)
        .output();
    assert!(sums.expect("sha256sum starts").status.success());
    build.assert_nothing_is_left();
}

#[test]
fn two_builds_that_share_nothing_give_the_same_bytes() {
    let image = ["--image-name", toolchain_image()];
    let first = BuildPlace::shaped("twice-a", &[]);
    let second = BuildPlace::shaped("twice-b", &[]);
    first.build("v1.0.0-rc10", &image).code(0);
    first
        .build(
            "v1.0.0-rc10",
            &[&image[..], &["-o", "again", "--no-cache"]].concat(),
        )
        .code(0);
    first.remove_caches();
    second
        .build("v1.0.0-rc10", &[&image[..], &["-j", "1"]].concat())
        .code(0);
    let bytes = fs::read(first.result("v1.0.0-rc10").join("runc")).expect("the first");
    let again = fs::read(first.result_in("again", "v1.0.0-rc10").join("runc"));
    assert!(
        again.expect("from the cache") == bytes,
        "the cache changes the bytes"
    );
    let other = fs::read(second.result("v1.0.0-rc10").join("runc"));
    assert!(
        other.expect("the second") == bytes,
        "another place changes the bytes"
    );
}

#[test]
fn a_commit_builds_what_its_tag_builds() {
    let image = ["--image-name", toolchain_image()];
    let build = BuildPlace::shaped("commit", &[]);
    let commit = build.project.commit("v1.0.0-rc9");
    build.build("1.0.0-rc9", &image).code(0);
    build.build(&commit, &image).code(0);
    let by_tag = build.manifest("v1.0.0-rc9");
    let folder = build.place.path().join("dist").join(&build.recipe);
    let names = crate::support::build_place::entries(&folder);
    let by_commit = names.iter().find(|name| commit.starts_with(name.as_str()));
    let by_commit = by_commit.map_or("v1.0.0-rc9", String::as_str);
    let by_commit = build.manifest(by_commit);
    assert_eq!(
        by_tag["files"][0]["sha256"],
        by_commit["files"][0]["sha256"]
    );
    assert_eq!(
        by_tag["source"]["git"]["commit"],
        by_commit["source"]["git"]["commit"]
    );
}

#[test]
fn a_patched_source_does_not_claim_to_be_the_bare_commit() {
    let build = BuildPlace::shaped("patched", &[]);
    build
        .build("v1.0.0-rc4", &["--image-name", toolchain_image()])
        .code(0)
        .prints("off: the code is gone");
    let manifest = build.manifest("v1.0.0-rc4");
    let commit = build.project.commit("v1.0.0-rc4");
    assert_eq!(manifest["class"], "source-patch");
    let source = &manifest["source"]["git"];
    assert_eq!(source["unmodified"], false);
    assert_eq!(source["patches"][0]["file"], "shaped/kmem-off.patch");
    assert!(source["patched-tree"].is_string() && source["patched-tree"] != source["tree"]);
    let make = manifest["commands"][0]["command"].to_string();
    assert!(make.contains(&format!("COMMIT={commit}-nokmem")), "{make}");
    assert!(!make.contains("BUILDTAGS=seccomp nokmem"), "{make}");
    build.assert_nothing_is_left();
}

#[test]
fn accounting_that_is_left_on_is_caught_and_nothing_is_published() {
    let left_on = [("{value: seccomp nokmem}", "{value: seccomp}")];
    let build = BuildPlace::shaped("left-on", &left_on);
    build
        .build("v1.0.0-rc93", &["--image-name", toolchain_image()])
        .code(16)
        .says("is not published: runc")
        .prints("on: the code that turns it on")
        .prints("libcontainer/cgroups/fs/kmem.go");
    assert!(!build.result("v1.0.0-rc93").exists());
    build.assert_nothing_is_left();
}

#[test]
fn a_release_that_ignores_kernel_memory_is_built_only_by_force() {
    let image = ["--image-name", toolchain_image()];
    let build = BuildPlace::shaped("not-needed", &[]);
    build
        .build("v1.0.0-rc94", &image)
        .code(11)
        .says("does not need to be built: since rc94")
        .says("--force");
    assert!(!build.place.path().join("dist").exists());
    build
        .build("v1.0.0-rc94", &[&image[..], &["--force"]].concat())
        .code(0)
        .says("warning: v1.0.0-rc94 does not need to be built")
        .prints("ignored by this version");
    let warnings = build.manifest("v1.0.0-rc94")["warnings"].to_string();
    assert!(warnings.contains("not needed"), "{warnings}");
    build.assert_nothing_is_left();
}
