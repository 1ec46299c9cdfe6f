//! The script that uses ssh.

use std::fs;

use rustix::process::Signal;

use super::ansible::closed_window;
use super::cluster::Cluster;
use crate::support::command::Finished;
use crate::support::running::Running;

fn script(cluster: &Cluster, words: &[&str]) -> Finished {
    cluster.run(&[&["sh", "rollout/ssh/rollout.sh"], words].concat())
}

#[test]
fn what_fails_is_put_back_or_out_of_service_and_a_second_run_finishes() {
    let cluster = Cluster::start(&[
        ("done", ""),
        ("noexec", "noexec"),
        ("lost", ""),
        ("broken", "broken"),
        ("good", ""),
    ]);
    cluster.write(&["--max-unavailable", "4", "--max-failed", "3"]);
    // The first one had its turn: no later one may begin in what is no window.
    cluster.workplace.write("nodes/lost/stays-down", "");

    let first = script(&cluster, &["run"]).code(1);
    let log = |node: &str| {
        let log = format!("rollout/reports/{node}.log");
        fs::read_to_string(cluster.workplace.path().join(log)).unwrap_or_default()
    };
    assert_eq!(
        cluster.states(),
        [
            "done: new, in, 1",
            "noexec: old, in, 0",
            "lost: down, out, 1",
            "broken: old, in, 2",
            "good: new, in, 1",
        ],
        "{}{}",
        first.stdout,
        log("broken")
    );
    first
        .prints("wave 1: done \n")
        .prints("watching the first nodes for 1 s\nwave 2: noexec lost broken good \n")
        .prints("good: replaced\n")
        .prints("noexec: node.sh did not replace the programs; nothing was replaced on it, and it is in service\n")
        .prints("lost: it did not come back from its reboot; it stays as it is\n")
        .prints("broken: the check after the reboot found problems; its old programs are back, and it is in service\n")
        .says("3 nodes failed");
    assert!(log("noexec").contains("the new runc does not run on this node"));

    cluster.repair("noexec", "noexec");
    cluster.repair("lost", "stays-down");
    fs::remove_file(cluster.control("broken").join("broken")).expect("removed");
    script(&cluster, &["state"])
        .code(0)
        .prints("done done\nnoexec old\nlost done\nbroken old\ngood done\n");
    script(&cluster, &["run"])
        .code(0)
        .prints("done: done already\n")
        .prints("lost: done already\n")
        .prints("all nodes are well\n")
        .prints("5 nodes: ");
    assert_eq!(
        cluster.states(),
        [
            "done: new, in, 1",
            "noexec: new, in, 1",
            "lost: new, in, 1",
            "broken: new, in, 3",
            "good: new, in, 1",
        ]
    );
    assert_eq!(cluster.calls("good"), "annotate drain uncordon annotate");
    assert_eq!(cluster.calls("lost"), "annotate drain uncordon annotate");
    // No copy of a program stays on a node.
    assert_eq!(
        cluster.on("good", "ls /var/lib/kmembuild-rollout"),
        "node.sh\n"
    );

    script(&cluster, &["rollback"])
        .code(0)
        .prints("good: old again\n");
    let old: Vec<_> = cluster.states();
    assert!(
        old.iter().all(|state| state.contains(": old, in, ")),
        "{old:?}"
    );
}

#[test]
fn it_stops_at_failures_windows_and_signals_and_leaves_nothing_half_done() {
    let cluster = Cluster::start(&[
        ("first", ""),
        ("noexec", "noexec"),
        ("next", ""),
        ("last", ""),
    ]);
    cluster.write(&["--window", &closed_window()]);
    script(&cluster, &["run"])
        .code(3)
        .says("stopped: the window is closed; 4 nodes were not begun; run this again");
    assert_eq!(cluster.calls("first"), "");
    // Somebody else has taken this one out of service, and no pod of that one can be moved.
    cluster.workplace.write("cluster/first.cordoned", "");
    cluster.workplace.write("cluster/next.undrainable", "");
    script(&cluster, &["--now", "run"])
        .code(1)
        .prints("noexec: node.sh did not replace the programs")
        .says("1 nodes failed; see ")
        .says("stopped: 1 nodes failed, and 0 may; 2 nodes were not begun");
    assert_eq!(
        cluster.states(),
        [
            "first: new, out, 1",
            "noexec: old, in, 0",
            "next: old, in, 0",
            "last: old, in, 0"
        ]
    );
    cluster.repair("noexec", "noexec");
    script(&cluster, &["--now", "run"])
        .code(1)
        .prints("next: could not drain it; nothing was replaced on it, and it is in service\n");
    assert_eq!(cluster.states()[2], "next: old, in, 0");
    fs::remove_file(cluster.workplace.path().join("cluster/next.undrainable")).expect("removed");

    // A signal to all processes of the terminal: the node that was begun is finished, the next one is not begun.
    let mut command = cluster.command(&["sh", "rollout/ssh/rollout.sh", "--now", "run"]);
    let mut running = Running::start(&mut command);
    let drained = || cluster.calls("next").ends_with("annotate drain");
    running.until(drained);
    running.send(Signal::INT);
    running
        .finish()
        .code(3)
        .prints("interrupted: the nodes that were begun are finished")
        .prints("next: replaced\n")
        .says("stopped: interrupted; 1 nodes were not begun");
    assert_eq!(
        cluster.states()[2..],
        ["next: new, in, 1".to_owned(), "last: old, in, 0".to_owned()]
    );
    // Two runs of one rollout are none.
    let lock = fs::File::create(cluster.workplace.path().join("rollout/reports/lock"));
    let lock = lock.expect("a file");
    lock.lock().expect("a lock");
    script(&cluster, &["--now", "run"])
        .code(1)
        .says("another run of this rollout is at work");
    drop(lock);
    // That a node cannot be taken back into service is no reason to put back its old programs.
    cluster.workplace.write("cluster/last.stuck", "");
    script(&cluster, &["--now", "run"])
        .code(1)
        .prints("last: could not uncordon it; it stays as it is\n");
    assert_eq!(cluster.states()[3], "last: new, out, 1");
    fs::remove_file(cluster.workplace.path().join("cluster/last.stuck")).expect("removed");
    script(&cluster, &["--now", "run"]).code(0);
    assert_eq!(cluster.states()[3], "last: new, in, 1");
}

#[test]
fn names_that_a_program_prints_are_looked_at_before_they_are_used() {
    let cluster = Cluster::start(&[("one", ""), ("two", "")]);
    let result = cluster.result();
    cluster
        .workplace
        .run(&[
            "rollout",
            &result,
            "--selector",
            "pool=old",
            "--script-option=--cgroups=/var/tmp/memory",
        ])
        .code(0);
    script(&cluster, &["state"])
        .code(0)
        .prints("one old\ntwo old\n");
    let inventory = cluster
        .run(&["rollout/ansible/inventory.sh", "--list"])
        .code(0);
    let inventory: serde_json::Value = serde_json::from_str(&inventory.stdout).expect("JSON");
    assert_eq!(
        inventory["kmembuild_canary"]["hosts"],
        serde_json::json!(["one"])
    );
    assert_eq!(
        inventory["kmembuild_rest"]["hosts"],
        serde_json::json!(["two"])
    );
    let calls = fs::read_to_string(cluster.workplace.path().join("cluster/log")).expect("a log");
    assert_eq!(
        calls.lines().next(),
        Some("get nodes --selector pool=old --output name")
    );
    for hostile in [
        "node/-oProxyCommand=x",
        "node/a;b",
        "node/$(x)",
        "node/a\"b",
        "node/a b",
    ] {
        cluster
            .workplace
            .write("cluster/names", &format!("node/one\n{hostile}\n"));
        script(&cluster, &["state"])
            .code(1)
            .says("this is no node: ");
        cluster
            .run(&["rollout/ansible/inventory.sh", "--list"])
            .code(1)
            .says("something else than names of nodes");
    }
}
