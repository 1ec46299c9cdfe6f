//! Releases over the cluster, undisturbed and disturbed.

use rustix::process::Signal;

use super::place::Releaser;
use crate::support::cluster::{NODES, cluster, until};

/// A step that takes long enough to be disturbed.
const SLOW: &str = "sleep 5";

#[test]
fn a_release_of_twelve_builds_each_target_once_on_all_nodes() {
    let cluster = cluster();
    let releaser = Releaser::new(&cluster, 12, "sleep 1");
    releaser.release().code(0);
    releaser.assert_released(12);
    let heard = releaser.heard();
    assert_eq!(releaser.nodes(), heard);
    let mut targets: Vec<_> = heard
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    targets.dedup();
    assert_eq!((heard.len(), targets.len()), (12, 12), "{heard:?}");
    for number in NODES {
        let node = format!(" node-{number}");
        let here = heard.iter().filter(|line| line.ends_with(&node)).count();
        assert!((2..=6).contains(&here), "{heard:?}");
    }
    Releaser::assert_nothing_is_left(&cluster);
    // Nothing is asked of the cluster for what is there.
    releaser.release().code(0);
    assert_eq!(releaser.heard().len(), 12);
}

#[test]
fn a_pod_that_is_deleted_is_built_again() {
    let cluster = cluster();
    let releaser = Releaser::new(&cluster, 1, SLOW);
    let run = releaser.start();
    until("the pod builds", || releaser.heard().len() == 1);
    Releaser::kubectl(
        &cluster,
        &["delete", "pods", "--all", "--grace-period=0", "--force"],
    );
    run.finish().code(0);
    releaser.assert_released(1);
    assert_eq!(releaser.heard().len(), 2);
    Releaser::assert_nothing_is_left(&cluster);
}

#[test]
fn a_release_outlives_the_docker_of_a_node() {
    let mut cluster = cluster();
    let releaser = Releaser::new(&cluster, 3, SLOW);
    let run = releaser.start();
    until("three pods build", || releaser.heard().len() == 3);
    cluster.node(2).kill_docker();
    cluster.node(2).restore();
    run.finish().code(0);
    releaser.assert_released(3);
    Releaser::assert_nothing_is_left(&cluster);
}

#[test]
fn a_release_outlives_a_node_that_is_lost() {
    let mut cluster = cluster();
    let releaser = Releaser::new(&cluster, 3, SLOW);
    let run = releaser.start();
    until("three pods build", || releaser.heard().len() == 3);
    let node = releaser.heard()[0].rsplit(' ').next().map(str::to_owned);
    let number = node
        .expect("a node")
        .trim_start_matches("node-")
        .parse()
        .expect("a number");
    cluster.node(number).cut_network();
    run.finish().code(0);
    releaser.assert_released(3);
    cluster.node(number).restore();
    Releaser::assert_nothing_is_left(&cluster);
}

#[test]
fn a_release_outlives_the_api_server_and_etcd() {
    let mut cluster = cluster();
    let releaser = Releaser::new(&cluster, 3, SLOW);
    let run = releaser.start();
    until("a pod builds", || !releaser.heard().is_empty());
    cluster.restart_api_server();
    cluster.restart_etcd();
    run.finish().code(0);
    releaser.assert_released(3);
    assert_eq!(releaser.heard().len(), 3);
    Releaser::assert_nothing_is_left(&cluster);
}

#[test]
fn a_release_whose_client_is_killed_goes_on_and_is_taken_by_the_next() {
    let cluster = cluster();
    let releaser = Releaser::new(&cluster, 2, SLOW);
    let run = releaser.start();
    until("both pods build", || releaser.heard().len() == 2);
    run.kill();
    assert_eq!(Releaser::jobs(&cluster).len(), 2);
    releaser.release().code(0);
    releaser.assert_released(2);
    assert_eq!(releaser.heard().len(), 2);
    Releaser::assert_nothing_is_left(&cluster);
}

#[test]
fn an_interrupted_release_leaves_no_job() {
    let cluster = cluster();
    let releaser = Releaser::new(&cluster, 2, "sleep 60");
    let run = releaser.start();
    until("both pods build", || releaser.heard().len() == 2);
    run.send(Signal::INT);
    let finished = run.finish();
    assert_eq!(finished.code, Some(130), "{finished:?}");
    Releaser::assert_nothing_is_left(&cluster);
}

#[test]
fn two_clients_at_once_build_each_target_once() {
    let cluster = cluster();
    let one = Releaser::new(&cluster, 2, SLOW);
    let (first, second) = (one.start(), one.start_elsewhere());
    for run in [first, second] {
        run.finish().code(0);
    }
    one.assert_released(2);
    assert_eq!(one.heard().len(), 2);
    Releaser::assert_nothing_is_left(&cluster);
}

#[test]
fn a_step_that_fails_is_final_and_its_log_is_there() {
    let cluster = cluster();
    let releaser = Releaser::new(&cluster, 1, "echo what went wrong; exit 3");
    let finished = releaser.run(&["t1", "--recipe-dir", "recipes", "--tag", "v1.0.0"]);
    finished.code(14).says("what went wrong");
    assert_eq!(releaser.heard().len(), 1);
    Releaser::assert_nothing_is_left(&cluster);
}

#[test]
fn a_quota_that_leaves_no_room_is_told() {
    let cluster = cluster();
    let releaser = Releaser::new(&cluster, 1, "true");
    releaser.wait_only("30s");
    Releaser::kubectl(&cluster, &["create", "quota", "nothing", "--hard=pods=0"]);
    let finished = releaser.release();
    Releaser::kubectl(&cluster, &["delete", "quota", "nothing"]);
    assert_ne!(finished.code, Some(0));
    finished.says("quota");
    assert_eq!(releaser.heard().len(), 0);
    Releaser::assert_nothing_is_left(&cluster);
    releaser.release().code(0);
    releaser.assert_released(1);
}

#[test]
fn a_registry_that_stalls_for_a_while_loses_nothing() {
    let mut cluster = cluster();
    let releaser = Releaser::new(&cluster, 2, SLOW);
    let run = releaser.start();
    until("both pods build", || releaser.heard().len() == 2);
    cluster.stall_registry();
    // For as long as that takes.
    cluster.restart_api_server();
    cluster.resume_registry();
    run.finish().code(0);
    releaser.assert_released(2);
    assert_eq!(releaser.heard().len(), 2);
    Releaser::assert_nothing_is_left(&cluster);
}
