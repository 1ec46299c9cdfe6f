//! The plans for an upgrade controller. No controller runs here: their fields are looked at, and the script that their jobs run
//! is run in the file system of a node.

use std::fs;

use serde_json::{Value, json};

use super::cluster::Cluster;
use crate::support::command::Workplace;
use crate::support::node_results::{QUIET, result};

const IMAGE: &str = "registry.example/team/node:v1.0.0-rc10";

fn plan(workplace: &Workplace, name: &str) -> Value {
    let path = workplace.path().join("rollout/controller").join(name);
    let text = fs::read_to_string(path).expect("a plan");
    serde_saphyr::from_str(&text).expect("YAML")
}

#[test]
fn plans_say_which_nodes_when_and_how_many() {
    let workplace = Workplace::new();
    let dist = workplace.path().join("dist");
    let result = result(
        &dist,
        "runc",
        "v1.0.0-rc10",
        "runc version 1.0.0-rc10",
        QUIET,
    );
    let result = result.display().to_string();
    workplace.write("nodes", "n1\nn2\n1e5\nn4 root@10.0.0.4\n");
    let words = [
        "rollout",
        &result,
        "--nodes",
        "nodes",
        "--canary",
        "2",
        "--max-unavailable",
        "50%",
        "--window",
        "mon-fri 01:00-24:00",
        "--image",
        IMAGE,
    ];
    workplace.run(&words).code(0);
    let canary = plan(&workplace, "canary.yaml");
    assert_eq!(canary["apiVersion"], "upgrade.cattle.io/v1");
    assert_eq!(canary["kind"], "Plan");
    let spec = &canary["spec"];
    assert_eq!(
        spec["nodeSelector"]["matchExpressions"],
        json!([{"key": "kubernetes.io/hostname", "operator": "In", "values": ["n1", "n2"]}])
    );
    assert_eq!(spec["concurrency"], 2);
    assert_eq!(
        spec["window"],
        json!({"days": ["mon", "tue", "wed", "thu", "fri"], "startTime": "01:00", "endTime": "23:59", "timeZone": "UTC"})
    );
    assert_eq!(
        spec["drain"],
        json!({"ignoreDaemonSets": true, "deleteEmptydirData": false, "timeout": "600s"})
    );
    assert_eq!(spec["upgrade"]["image"], format!("{IMAGE}-upgrade"));
    assert_eq!(spec["upgrade"]["args"], json!(["run"]));
    let version = spec["version"].as_str().expect("a text");
    assert_eq!(version.len(), 12);
    let rest = plan(&workplace, "rollout.yaml");
    assert_eq!(
        rest["spec"]["nodeSelector"]["matchExpressions"][0]["values"],
        json!(["1e5", "n4"])
    );
    let back = plan(&workplace, "rollback.yaml");
    assert_eq!(back["spec"]["upgrade"]["args"], json!(["rollback"]));

    let words = [
        "rollout",
        &result,
        "--selector",
        "pool in (a,b),!gpu",
        "--image",
        IMAGE,
    ];
    workplace.run(&words).code(0);
    let rest = plan(&workplace, "rollout.yaml");
    assert_eq!(
        rest["spec"]["nodeSelector"]["matchExpressions"],
        json!([
            {"key": "pool", "operator": "In", "values": ["a", "b"]},
            {"key": "gpu", "operator": "DoesNotExist"},
            {"key": "kmembuild-canary", "operator": "DoesNotExist"},
        ])
    );
    for image in ["registry.example/node", "oci:dir:tag"] {
        let words = ["rollout", &result, "--selector", "a", "--image", image];
        workplace
            .run(&words)
            .code(2)
            .says("a plan needs an image by its tag");
    }
}

/// The units of a node's systemd as processes: what a job of the controller starts must outlive it.
const SYSTEMD_RUN: &str = "#!/bin/sh\nshift\nsetsid sh -c 'touch /run/services/kmembuild-rollout.service; \"$@\" >/run/unit.log 2>&1 || { echo failed >/run/units/kmembuild-rollout.service.state; }; rm -f /run/services/kmembuild-rollout.service' sh \"$@\" </dev/null >/dev/null 2>&1 &\nwhile [ ! -e /run/services/kmembuild-rollout.service ] && [ ! -e /run/unit.log ]; do sleep 0.1; done\n";

#[test]
fn a_job_brings_the_programs_and_the_next_one_checks_them() {
    let cluster = Cluster::start(&[("node", "")]);
    cluster.write(&["--image", IMAGE]);
    let at = |name: &str| cluster.workplace.path().join("rollout").join(name);
    // The container's own directory, as the image has it, is beside the one of the node.
    let image = cluster.control("node").join("image");
    fs::create_dir_all(&image).expect("a directory");
    for (from, to) in [
        ("files/node.sh", "node.sh"),
        ("files/runc", "runc"),
        ("controller/upgrade.sh", "upgrade.sh"),
    ] {
        fs::copy(at(from), image.join(to)).expect("copied");
    }
    fs::write(image.join("systemd-run"), SYSTEMD_RUN).expect("written");
    cluster.on("node", "mkdir /kmembuild && cp /control/image/* /kmembuild && install -m 755 /control/image/systemd-run /usr/local/bin/ && printf '#!/bin/sh\\ncat /run/unit.log\\n' >/usr/local/bin/journalctl && chmod 755 /usr/local/bin/journalctl");
    let job = |action: &str| {
        cluster.run(&[
            "ssh",
            "-n",
            "node",
            &format!("sh /kmembuild/upgrade.sh {action} /"),
        ])
    };
    // The reboot ends the job in the middle.
    let first = job("run");
    assert_ne!(first.code, Some(0), "{}", first.stdout);
    first.prints("on this node: old\n");
    cluster.until_rebooted("node", 1);
    assert_eq!(cluster.states(), ["node: new, in, 1"]);
    job("run")
        .code(0)
        .prints("on this node: done\n")
        .prints("ok: /usr/bin/runc is the new one\n");
    let back = job("rollback");
    assert_ne!(back.code, Some(0), "{}", back.stdout);
    cluster.until_rebooted("node", 2);
    job("rollback").code(0).prints("on this node: old\n");
    assert_eq!(cluster.states(), ["node: old, in, 2"]);
}
