//! `kmembuild node-script`: for what a script is written, and for what not. What it does on a node, the tests of the machine try.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::support::command::Workplace;
use crate::support::node_results::{LOUD, QUIET, result, write_manifest};

#[test]
fn a_script_names_what_it_is_for() {
    let workplace = Workplace::new();
    let dist = workplace.path().join("dist");
    result(
        &dist,
        "runc",
        "v1.0.0-rc10",
        "runc version 1.0.0-rc10",
        QUIET,
    );
    result(&dist, "kubelet", "v1.15.5", "Kubernetes v1.15.5", QUIET);
    let runc = "dist/runc/v1.0.0-rc10/linux-amd64";
    let kubelet = "dist/kubelet/v1.15.5/linux-amd64/manifest.json";
    let printed = workplace.run(&["node-script", runc, kubelet]).code(0);
    let printed = printed
        .prints("#!/bin/sh\n# Replaces runc and kubelet on a node")
        .prints("\nbinaries='runc kubelet'\n")
        .prints("\nmachine=x86_64\n")
        .prints("    runc) echo runc/v1.0.0-rc10/linux-amd64/runc ;;\n");
    assert!(!printed.stdout.contains("@HEAD@"));
    let sums = Command::new("sha256sum")
        .arg("runc")
        .current_dir(workplace.path().join(runc))
        .output();
    let sums = String::from_utf8(sums.expect("sha256sum").stdout).expect("text");
    let printed = printed.prints(&format!("    runc) echo {} ;;\n", &sums[..64]));

    workplace
        .run(&["node-script", runc, kubelet, "-o", "node.sh"])
        .code(0);
    let file = workplace.path().join("node.sh");
    assert_eq!(
        fs::read_to_string(&file).expect("the script"),
        printed.stdout
    );
    assert_eq!(
        fs::metadata(&file)
            .expect("the script")
            .permissions()
            .mode()
            & 0o777,
        0o755
    );
    let help = Command::new("sh")
        .args(["node.sh", "--help"])
        .current_dir(workplace.path())
        .output();
    let help = String::from_utf8(help.expect("a shell").stdout).expect("text");
    for text in [
        "accounting: runc v1.0.0-rc10, kubelet v1.15.5.\n",
        "\nExit codes: 0 ",
    ] {
        assert!(help.contains(text), "{text:?} is not in\n{help}");
    }
    let longest = help.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(80), "{help}");
}

#[test]
fn what_is_not_proven_or_does_not_fit_gets_no_script() {
    let workplace = Workplace::new();
    let dist = workplace.path().join("dist");
    let runc = result(&dist, "runc", "v1.0.0-rc10", "one", QUIET);
    result(&dist, "runc", "v1.0.0-rc9", "two", LOUD);
    let other = result(&dist, "kubelet", "v1.15.5", "three", QUIET);
    write_manifest(&other, "kubelet", "v1.15.5", "linux-arm64", "kubelet");
    let strange = result(&dist, "kubelet", "v1.14.0", "four", QUIET);
    write_manifest(&strange, "kubelet", "v1.14.0", "linux-riscv64", "kubelet");
    let nothing = result(&dist, "etcd", "v3", "five", QUIET);
    let name = |path: &std::path::Path| path.display().to_string();
    let (runc, loud) = (name(&runc), "dist/runc/v1.0.0-rc9/linux-amd64");
    for (results, code, said) in [
        (
            vec![runc.as_str(), runc.as_str()],
            2,
            "two of the results contain runc",
        ),
        (
            vec![runc.as_str(), &name(&other)],
            2,
            "the results are for linux-amd64 and linux-arm64",
        ),
        (
            vec![&name(&strange)],
            2,
            "unsupported platform linux-riscv64",
        ),
        (
            vec![&name(&nothing)],
            2,
            "contains neither a runc nor a kubelet",
        ),
        (
            vec![loud],
            16,
            "linux-amd64/runc is not proven to be without kernel-memory accounting",
        ),
        (vec!["dist"], 2, "could not read dist/manifest.json"),
        (
            vec!["dist/runc/v1.0.0-rc10/linux-amd64/runc"],
            2,
            "linux-amd64/runc/manifest.json",
        ),
        (
            vec![&runc, "-o", "nowhere/node.sh"],
            15,
            "could not write the script to nowhere/node.sh",
        ),
    ] {
        workplace
            .run(&[&["node-script"], &results[..]].concat())
            .code(code)
            .says(said);
    }
    let path = dist.join("runc/v1.0.0-rc10/linux-amd64/runc");
    let mut bytes = fs::read(&path).expect("the program");
    bytes.push(0);
    fs::write(&path, bytes).expect("written");
    workplace
        .run(&["node-script", &runc])
        .code(17)
        .says("does not match its manifest: its sha256 is ");
    fs::remove_file(&path).expect("removed");
    workplace
        .run(&["node-script", &runc])
        .code(17)
        .says("could not verify the runc in");
}
