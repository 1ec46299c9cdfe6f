//! An image for nodes: what is in it, and that it is always the same.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::others::oras;
use crate::support::command::Workplace;
use crate::support::node_results::{LOUD, QUIET, result};
use crate::support::registry::Registry;

#[test]
fn an_image_has_the_binaries_and_the_script_and_nothing_else() {
    let (place, registry) = (Workplace::new(), Registry::start());
    let folder = place.path();
    let dist = folder.join("dist");
    let runc = result(
        &dist,
        "runc",
        "v1.0.0-rc10",
        "runc version 1.0.0-rc10",
        QUIET,
    );
    let kubelet = result(&dist, "kubelet", "v1.15.5", "Kubernetes v1.15.5", QUIET);
    let (runc, kubelet) = (runc.to_str().unwrap(), kubelet.to_str().unwrap());
    let reference = format!("{}/team/node", registry.address);
    let words = ["push", runc, &reference, "--node-image", "--with", kubelet];
    let pushed = place.run(&words).code(0);
    let pushed = pushed.prints(&format!("next: docker pull {reference}:v1.0.0-rc10"));
    place.run(&words).code(0).prints("unchanged");

    // By its platform, as an engine chooses it.
    let image = format!("{reference}:v1.0.0-rc10");
    let fetch = |words: &[&str]| -> Value {
        let words = [words, &["--plain-http"]].concat();
        serde_json::from_str(&oras(folder, &words).code(0).stdout).unwrap()
    };
    let manifest = fetch(&["manifest", "fetch", "--platform", "linux/amd64", &image]);
    let own = format!("{image}-amd64");
    assert_eq!(manifest, fetch(&["manifest", "fetch", &own]));
    let config = fetch(&["manifest", "fetch-config", &own]);
    assert_eq!(config["architecture"], "amd64");
    assert_eq!(config["os"], "linux");
    let layer = &manifest["layers"][0];
    assert_eq!(config["rootfs"]["diff_ids"][0], layer["digest"]);
    assert_eq!(config["created"], Value::Null);
    let blob = format!("{reference}@{}", layer["digest"].as_str().unwrap());
    oras(
        folder,
        &[
            "blob",
            "fetch",
            "--plain-http",
            "--output",
            "layer.tar",
            &blob,
        ],
    )
    .code(0);
    let listed = Command::new("tar")
        .args([
            "--list",
            "--verbose",
            "--numeric-owner",
            "--utc",
            "--file",
            "layer.tar",
        ])
        .current_dir(folder)
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let names: Vec<_> = listed
        .lines()
        .map(|line| line.rsplit(' ').next().unwrap())
        .collect();
    let expected = [
        "kmembuild/",
        "kmembuild/runc",
        "kmembuild/kubelet",
        "kmembuild/node.sh",
    ];
    assert_eq!(names, expected);
    for line in listed.lines() {
        assert!(
            line.contains("rwxr-xr-x 0/0") && line.contains("1970-01-01 00:00"),
            "{line}"
        );
    }
    // The script beside the binaries is the one that `node-script` writes for them.
    let script = place.run(&["node-script", runc, kubelet]).code(0).stdout;
    let unpacked = Command::new("tar")
        .args(["--extract", "--file", "layer.tar"])
        .current_dir(folder)
        .status();
    assert!(unpacked.unwrap().success());
    assert_eq!(
        fs::read_to_string(folder.join("kmembuild/node.sh")).unwrap(),
        script
    );
    for (name, from) in [("runc", runc), ("kubelet", kubelet)] {
        let (one, other) = (
            folder.join("kmembuild").join(name),
            format!("{from}/{name}"),
        );
        assert_eq!(fs::read(one).unwrap(), fs::read(other).unwrap());
    }
    // In a layout the digests are the same.
    let layout = format!("oci:{}", folder.join("layout").display());
    let words = ["push", runc, &layout, "--node-image", "--with", kubelet];
    let again = place
        .run(&words)
        .code(0)
        .stdout
        .replace(&layout, &reference);
    assert_eq!(again, pushed.stdout);
}

#[test]
fn a_binary_that_turns_accounting_on_gets_no_image() {
    let (place, registry) = (Workplace::new(), Registry::start());
    let dist = place.path().join("dist");
    let runc = result(
        &dist,
        "runc",
        "v1.0.0-rc10",
        "runc version 1.0.0-rc10",
        LOUD,
    );
    let runc = runc.to_str().unwrap();
    let reference = format!("{}/team/node", registry.address);
    place
        .run(&["push", runc, &reference, "--node-image"])
        .code(16);
    place
        .run(&["push", runc, &reference, "--with", runc])
        .code(2)
        .says("--node-image");
    let refused = place.run(&["pull", &format!("{reference}:v1.0.0-rc10"), "back"]);
    refused.code(12).says("not found");
}
