//! Bundles with Docker, and of images that are made of Debian packages.

use std::fs;

use crate::bundles::{ClosedPlace, OpenPlace};
use crate::support::build_place::{architecture, manifest};
use crate::support::command::Workplace;
use crate::support::docker_command::docker;
use crate::support::toolchain_image::alone;

/// Made with Docker online; then in a namespace without a network by crun, which has nothing of the image.
#[test]
fn runc_of_debian_is_the_same_out_of_a_bundle() {
    let _alone = alone("runc-debian");
    let open = Workplace::new();
    open.write(
        "release.yaml",
        "format: 1\ntargets: [{recipe: runc-debian}]\n",
    );
    open.run(&["lock"]).code(0);
    open.run(&["release", "--locked"]).code(0);
    open.run(&["bundle", "-o", "closed.oci.tar"]).code(0);
    let result = format!("dist/runc-debian/v1.0.0-rc93/linux-{}", architecture());
    let online = manifest(&open.path().join(&result));
    let bundle = open.path().join("closed.oci.tar");

    // What is in it is compressed, and the form adds next to nothing.
    let size = fs::metadata(&bundle).unwrap().len();
    let index = fs::read(&bundle).unwrap();
    let blobs = crate::bundles::entries(&index).into_iter();
    let blobs: usize = blobs.map(|(_, content)| content.len()).sum();
    drop(index);
    assert!(size * 100 <= blobs as u64 * 105, "{size} {blobs}");

    let closed = ClosedPlace::new();
    closed.bring(&bundle);
    let words = ["release", "--bundle", "closed.oci.tar"];
    let built = closed.run(&words).code(0);
    assert!(built.stderr.contains("step compile"), "{built:?}");
    let offline = manifest(&closed.path(&result));
    assert_eq!(offline["files"][0]["sha256"], online["files"][0]["sha256"]);
    assert_eq!(offline["image"]["content"], online["image"]["content"]);
    assert_eq!(offline["image"]["packages"], online["image"]["packages"]);
    assert_eq!(offline["recipe-origin"], online["recipe-origin"]);
    for name in ["plan.json", "sbom.cdx.json"] {
        let [online, offline] = [open.path().join(&result), closed.path(&result)]
            .map(|place| fs::read_to_string(place.join(name)).unwrap());
        assert_eq!(online, offline, "{name}");
    }
}

/// Docker has no image of that name before, and the registry is gone.
#[test]
fn docker_takes_an_image_of_a_registry_out_of_a_bundle() {
    let open = OpenPlace::new();
    open.run(&["release", "--locked"]).code(0);
    open.run(&["bundle", "-o", "closed.oci.tar"]).code(0);
    let online = crate::bundles::tool(open.workplace.path(), "v1.0.0");
    let closed = ClosedPlace::new();
    closed.bring(&open.path("closed.oci.tar"));
    let image = open.image.clone();
    drop(open);
    let words = [
        "release",
        "--bundle",
        "closed.oci.tar",
        "--engine",
        "docker",
    ];
    let built = closed.run_by(&words);
    docker(&["image", "rm", "--force", &image]);
    let built = built.code(0);
    assert!(built.stderr.contains("step script"), "{built:?}");
    assert_eq!(closed.result("v1.0.0"), online);
}
