//! A rollout by Ansible to five machines.

use super::machine::{Machine, Reboot};
use super::programs::{RUNC, new_sum, result};
use crate::support::command::{Finished, Workplace};
use crate::support::preflight::installed;

struct Cluster {
    workplace: Workplace,
    machines: Vec<(&'static str, Machine)>,
}

const NAMES: [&str; 5] = ["done", "noexec", "lost", "good", "last"];

impl Cluster {
    fn start() -> Self {
        let machines: Vec<_> = NAMES
            .into_iter()
            .map(|name| {
                let reboot = if name == "lost" {
                    Reboot::Stops
                } else {
                    Reboot::Restarts
                };
                (name, Machine::ready_to(reboot))
            })
            .collect();
        let workplace = Workplace::new();
        let lines: String = NAMES
            .iter()
            .map(|name| format!("{name} root@{name}\n"))
            .collect();
        workplace.write("nodes.txt", &lines);
        let clients = machines
            .iter()
            .map(|(name, machine)| format!("Host {name}\n{}", machine.client()));
        workplace.write("ssh_config", &clients.collect::<String>());
        let from = result().display().to_string();
        workplace
            .run(&[
                "rollout",
                &from,
                "--nodes",
                "nodes.txt",
                "--no-drain",
                "--pause",
                "1s",
                "--max-unavailable",
                "3",
                "--max-failed",
                "2",
                "--reboot-timeout",
                "8m",
                "--check-timeout",
                "5m",
            ])
            .code(0);
        Self {
            workplace,
            machines,
        }
    }

    fn playbook(&self, words: &[&str]) -> Finished {
        installed("ansible-playbook");
        let config = self.workplace.path().join("ssh_config");
        let all = [
            &[
                "-i",
                "rollout/ansible/inventory.yml",
                "rollout/ansible/rollout.yml",
            ],
            words,
            &[
                "-e",
                "kmembuild_connect_seconds=180",
                "-e",
                "ansible_python_interpreter=/usr/bin/python3",
            ],
        ]
        .concat();
        let mut command = self
            .workplace
            .set_up(std::process::Command::new("ansible-playbook"), &all);
        command
            .env(
                "ANSIBLE_SSH_COMMON_ARGS",
                format!("-F {}", config.display()),
            )
            .env("ANSIBLE_TIMEOUT", "60")
            .env("ANSIBLE_PIPELINING", "true")
            .env("ANSIBLE_LOCALHOST_WARNING", "false")
            .env("ANSIBLE_NOCOLOR", "true");
        command.output().expect("it starts").into()
    }

    fn machine(&mut self, name: &str) -> &mut Machine {
        let mut machines = self.machines.iter_mut();
        let (_, machine) = machines
            .find(|(known, _)| *known == name)
            .expect("a machine");
        machine
    }

    /// Runs a script of the shell on a node, by a connection of its own: what was there before a reboot leads nowhere.
    fn on(&self, name: &str, script: &str) -> Finished {
        let config = self.workplace.path().join("ssh_config");
        let output = installed("ssh")
            .arg("-F")
            .arg(config)
            .args(["-n", name, script])
            .output();
        output.expect("ssh starts").into()
    }

    /// `done: new, done`: which runc a node has, and what its script says. Of one that does not answer, that it is down.
    fn states(&self) -> Vec<String> {
        let new = new_sum();
        let script = format!("sha256sum {RUNC} && sh /var/lib/kmembuild-rollout/node.sh --state");
        let states = NAMES.iter().map(|name| {
            let asked = self.on(name, &script);
            if asked.code == Some(255) {
                return format!("{name}: down");
            }
            let runc = if asked.stdout.contains(&new) {
                "new"
            } else {
                "old"
            };
            format!(
                "{name}: {runc}, {}",
                asked.stdout.lines().last().unwrap_or_default()
            )
        });
        states.collect()
    }
}

#[test]
fn the_rest_goes_on_and_a_second_run_finishes() {
    let mut cluster = Cluster::start();
    cluster.playbook(&["--limit", "done"]).code(0);
    // A program in there cannot be started, so that the new runc is none.
    cluster
        .machine("noexec")
        .well("mount --bind /var/lib /var/lib && mount -o remount,bind,noexec /var/lib");
    let first = cluster.playbook(&[]).code(2);
    assert_eq!(
        cluster.states(),
        [
            "done: new, done",
            "noexec: old, old",
            "lost: down",
            "good: new, done",
            "last: new, done"
        ],
        "{}",
        first.stdout
    );
    first
        .prints("done: done already")
        .prints("noexec: Run node.sh:")
        .prints("lost: Reboot it:")
        .prints("good: replaced")
        .prints("last: replaced")
        .prints("2 of 5 nodes are not done: noexec, lost");

    cluster
        .machine("noexec")
        .well("mount -o remount,bind,exec /var/lib");
    cluster.machine("lost").come_back();
    let second = cluster.playbook(&[]).code(0);
    assert_eq!(
        cluster.states(),
        [
            "done: new, done",
            "noexec: new, done",
            "lost: new, done",
            "good: new, done",
            "last: new, done"
        ],
        "{}",
        second.stdout
    );
    second
        .prints("noexec: replaced")
        .prints("lost: done already");
    for name in NAMES {
        let container = cluster.on(name, "systemctl is-system-running --wait >/dev/null; docker run --rm box:1 /bin/echo started");
        assert_eq!(container.stdout, "started\n", "{name}: {container:?}");
    }
}
