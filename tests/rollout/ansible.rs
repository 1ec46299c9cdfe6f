//! The playbooks, run by Ansible.

use super::cluster::Cluster;
use crate::support::command::Finished;
use crate::support::preflight::installed;

/// Runs a playbook of the rollout of a cluster.
fn playbook(cluster: &Cluster, words: &[&str]) -> Finished {
    installed("ansible-playbook");
    let config = cluster.workplace.path().join("ssh_config");
    let all = [
        &["ansible-playbook", "-i", "rollout/ansible/inventory.yml"],
        words,
        &["-e", "kmembuild_connect_seconds=25"],
        // What is found first may be one that a version manager starts, slowly.
        &["-e", "ansible_python_interpreter=/usr/bin/python3"],
    ]
    .concat();
    let mut command = cluster.command(&all);
    command
        .env(
            "ANSIBLE_SSH_COMMON_ARGS",
            format!("-F {}", config.display()),
        )
        .env("ANSIBLE_LOCALHOST_WARNING", "false")
        .env("ANSIBLE_NOCOLOR", "true");
    command.output().expect("it starts").into()
}

const ROLLOUT: &str = "rollout/ansible/rollout.yml";

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
    // The first node has had its turn.
    playbook(&cluster, &[ROLLOUT, "--limit", "done"]).code(0);
    assert_eq!(cluster.states()[0], "done: new, in, 1");
    cluster.workplace.write("nodes/lost/stays-down", "");

    let first = playbook(&cluster, &[ROLLOUT]).code(2);
    assert_eq!(
        cluster.states(),
        [
            "done: new, in, 1",
            // The new runc does not run there, so nothing was replaced and nothing was rebooted.
            "noexec: old, in, 0",
            // It has not come back.
            "lost: down, out, 1",
            // Docker did not start with the new one, so the old one is back.
            "broken: old, in, 2",
            "good: new, in, 1",
        ],
        "{}",
        first.stdout
    );
    let first = first
        .prints("done: done already")
        .prints("good: replaced")
        .prints("noexec: Run node.sh:")
        .prints("lost: Reboot it:")
        .prints("broken: Check it after the reboot:")
        .prints("3 of 5 nodes are not done: noexec, lost, broken");
    assert_eq!(cluster.calls("done"), "annotate drain uncordon annotate");
    assert_eq!(cluster.calls("lost"), "annotate drain");
    // The report has what the nodes said, each once.
    assert!(first.stdout.contains("4 nodes: 4 "), "{}", first.stdout);
    for node in ["done", "noexec", "broken", "good"] {
        let document = format!("rollout/reports/{node}.json");
        assert!(cluster.workplace.path().join(document).exists(), "{node}");
    }

    cluster.repair("noexec", "noexec");
    cluster.repair("lost", "stays-down");
    std::fs::remove_file(cluster.control("broken").join("broken")).expect("removed");
    let second = playbook(&cluster, &[ROLLOUT]).code(0);
    assert_eq!(
        cluster.states(),
        [
            "done: new, in, 1",
            "noexec: new, in, 1",
            "lost: new, in, 1",
            "broken: new, in, 3",
            "good: new, in, 1",
        ],
        "{}",
        second.stdout
    );
    second.prints("lost: done already");
    for node in ["done", "good"] {
        assert_eq!(cluster.calls(node), "annotate drain uncordon annotate");
    }

    playbook(&cluster, &["rollout/ansible/rollback.yml"]).code(0);
    let old: Vec<_> = cluster.states();
    assert!(
        old.iter().all(|state| state.contains(": old, in, ")),
        "{old:?}"
    );
}

#[test]
fn no_further_wave_begins_after_a_failure_or_outside_the_window() {
    let cluster = Cluster::start(&[
        ("first", ""),
        ("noexec", "noexec"),
        ("next", ""),
        ("last", ""),
    ]);
    cluster.write(&["--window", &closed_window()]);
    let closed = playbook(&cluster, &[ROLLOUT]).code(2);
    closed
        .prints("stopped: the window is closed")
        .prints("4 of 4 nodes are not done");
    assert_eq!(cluster.states()[0], "first: old, in, 0");

    cluster.write(&[]);
    let stopped = playbook(&cluster, &[ROLLOUT]).code(2);
    stopped
        .prints("stopped: 1 nodes failed, and 0 may")
        .prints("next: not begun, or lost")
        .prints("3 of 4 nodes are not done");
    assert_eq!(
        cluster.states(),
        [
            "first: new, in, 1",
            "noexec: old, in, 0",
            "next: old, in, 0",
            "last: old, in, 0"
        ]
    );
    assert_eq!(cluster.calls("next"), "");
}

#[test]
fn ansible_takes_what_is_written() {
    let cluster = Cluster::start(&[]);
    cluster.workplace.write(
        "hostile.txt",
        "1e5 root@10.0.0.1\nnull\non\n0x1f fe80::1\nyes\n",
    );
    let result = cluster.result();
    for which in [["--nodes", "hostile.txt"], ["--selector", "a=b,c in (d,e)"]] {
        let words = [&["rollout", &result, "-o", "rollout"], &which[..]].concat();
        cluster.workplace.run(&words).code(0);
        for book in [ROLLOUT, "rollout/ansible/rollback.yml"] {
            let inventory = if which[0] == "--nodes" { "yml" } else { "sh" };
            let inventory = format!("rollout/ansible/inventory.{inventory}");
            assert!(cluster.workplace.path().join(&inventory).exists());
            let words = ["ansible-playbook", "--syntax-check", "-i", &inventory, book];
            cluster.run(&words).code(0);
        }
    }
    // The names are names, in their order, and nothing else.
    cluster
        .workplace
        .run(&["rollout", &result, "--nodes", "hostile.txt"])
        .code(0);
    let listed = cluster.run(&[
        "ansible-inventory",
        "-i",
        "rollout/ansible/inventory.yml",
        "--list",
    ]);
    let listed: serde_json::Value = serde_json::from_str(&listed.code(0).stdout).expect("JSON");
    assert_eq!(
        listed["kmembuild_canary"]["hosts"],
        serde_json::json!(["1e5"])
    );
    assert_eq!(
        listed["kmembuild_rest"]["hosts"],
        serde_json::json!(["null", "on", "0x1f", "yes"])
    );
    let hosts = &listed["_meta"]["hostvars"];
    assert_eq!(hosts["1e5"]["ansible_host"], "10.0.0.1");
    assert_eq!(hosts["1e5"]["ansible_user"], "root");
    assert_eq!(hosts["0x1f"]["ansible_host"], "fe80::1");
}

/// A window of an hour that is not now, and not soon.
pub fn closed_window() -> String {
    let now = std::time::SystemTime::now();
    let now = now
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    let hour = (now.as_secs() / 3600 + 12) % 24;
    format!("{hour:02}:00-{hour:02}:30")
}
