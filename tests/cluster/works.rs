//! The cluster itself: its nodes run pods, and are lost and found as those of any cluster.

use super::job;
use crate::support::cluster::{NODES, cluster};

#[test]
fn every_node_runs_a_job_with_an_image_of_the_registry() {
    let cluster = cluster();
    for number in NODES {
        let node = format!("node-{number}");
        job::create(&cluster, &node, Some(&node), "hostname; cat /etc/hostname");
    }
    for number in NODES {
        let node = format!("node-{number}");
        cluster.kubectl.wait("complete", &format!("job/{node}"));
        let pod = job::pod(&cluster, &node);
        assert_eq!(pod["spec"]["nodeName"], node.as_str());
        assert_eq!(pod["status"]["qosClass"], "Guaranteed");
        // By way of the API server, from the kubelet of that node.
        let log = cluster.kubectl.run(&["logs", &format!("job/{node}")]);
        assert!(log.starts_with(&format!("{node}-")), "{log}");
        job::delete(&cluster, &node);
    }
}

#[test]
fn a_pod_reaches_a_pod_of_another_node_and_the_registry() {
    let cluster = cluster();
    job::create(
        &cluster,
        "server",
        Some("node-1"),
        "echo here >/tmp/index.html; httpd -f -p 80 -h /tmp",
    );
    let label = "--selector=job-name=server";
    cluster.kubectl.until_one(label);
    cluster.kubectl.run(&[
        "wait",
        "--for=condition=Ready",
        "pod",
        label,
        "--timeout=180s",
    ]);
    let address = job::pod(&cluster, "server")["status"]["podIP"].clone();
    let address = address.as_str().expect("an address");
    let registry = cluster.registry();
    let script = format!(
        "wget -q -O - http://{address}/ && wget -q --no-check-certificate -O - https://{registry}/v2/_catalog"
    );
    job::create(&cluster, "client", Some("node-2"), &script);
    cluster.kubectl.wait("complete", "job/client");
    let log = cluster.kubectl.run(&["logs", "job/client"]);
    let (page, catalog) = log.split_once('\n').expect("two answers");
    // The registry has what other tests put there, too.
    assert!(page == "here" && catalog.contains("\"busybox\""), "{log}");
    job::delete(&cluster, "client");
    job::delete(&cluster, "server");
}

#[test]
fn a_node_whose_docker_is_killed_is_not_ready_until_it_is_back() {
    let mut cluster = cluster();
    cluster.node(2).kill_docker();
    cluster.kubectl.wait("Ready=false", "node/node-2");
    cluster.node(2).restore();
    cluster.kubectl.wait("Ready", "node/node-2");
    job::create(&cluster, "after-docker", Some("node-2"), "true");
    cluster.kubectl.wait("complete", "job/after-docker");
    job::delete(&cluster, "after-docker");
}

#[test]
fn a_node_whose_network_is_cut_is_unknown_until_it_is_back() {
    let mut cluster = cluster();
    cluster.node(3).cut_network();
    cluster.kubectl.wait("Ready=Unknown", "node/node-3");
    cluster.node(3).restore();
    cluster.kubectl.wait("Ready", "node/node-3");
}

#[test]
fn a_job_outlives_the_api_server_and_etcd() {
    let mut cluster = cluster();
    job::create(
        &cluster,
        "survivor",
        None,
        "while ! [ -e /tmp/go ]; do sleep 0.1; done",
    );
    let label = "--selector=job-name=survivor";
    cluster.kubectl.until_one(label);
    cluster.kubectl.run(&[
        "wait",
        "--for=condition=Ready",
        "pod",
        label,
        "--timeout=180s",
    ]);
    let before = job::pod(&cluster, "survivor");
    cluster.restart_api_server();
    cluster.restart_etcd();
    let after = job::pod(&cluster, "survivor");
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    let name = after["metadata"]["name"].as_str().expect("a name");
    cluster
        .kubectl
        .run(&["exec", name, "--", "touch", "/tmp/go"]);
    cluster.kubectl.wait("complete", "job/survivor");
    job::delete(&cluster, "survivor");
}
