//! The Ansible playbooks: what they say of this rollout, and their inventory.

use std::fmt::Write as _;

use super::description::{Limits, Nodes, Rollout};
use super::nodes::Node;
use super::quoted::{in_shell, in_yaml, list_in_yaml};
use super::script_option::ScriptOption;
use super::window::Window;

/// The files that are the same in every rollout.
pub(super) const FILES: [(&str, &str); 5] = [
    ("rollout.yml", include_str!("ansible/rollout.yml")),
    ("rollback.yml", include_str!("ansible/rollback.yml")),
    ("drain.yml", include_str!("ansible/drain.yml")),
    ("uncordon.yml", include_str!("ansible/uncordon.yml")),
    ("restore.yml", include_str!("ansible/restore.yml")),
];
const VARIABLES: &str = include_str!("ansible/vars.yml");
const INVENTORY: &str = include_str!("ansible/inventory.sh");
/// Where what this rollout says is inserted.
const HEAD: &str = "#@HEAD@\n";
/// Seconds between two looks at a node.
const DELAY: u64 = 15;

/// `vars.yml`.
pub(super) fn variables(rollout: &Rollout, limits: Limits, programs: &[&str]) -> String {
    let window = rollout.window.as_ref();
    let days = window.map(|window| window.days().collect::<Vec<_>>());
    let options = rollout.script_options.iter().flat_map(ScriptOption::words);
    let check = rollout.check_time.as_secs();
    let delay = DELAY.min(check.max(1));
    let lines = [
        ("programs", list_in_yaml(programs)),
        ("options", list_in_yaml(options)),
        ("serial", format!("[{}]", serial(limits))),
        ("pause_seconds", rollout.pause.as_secs().to_string()),
        ("max_unavailable", limits.max_unavailable.to_string()),
        ("max_failed", limits.max_failed.to_string()),
        ("window_days", list_in_yaml(days.unwrap_or_default())),
        (
            "window_from",
            in_yaml(&window.map(Window::from).unwrap_or_default()),
        ),
        (
            "window_to",
            in_yaml(&window.map(Window::to).unwrap_or_default()),
        ),
        ("drain", rollout.drain.is_some().to_string()),
        ("drain_options", list_in_yaml(rollout.drain_options())),
        ("reboot_seconds", rollout.reboot_time.as_secs().to_string()),
        ("retries", (check / delay).max(1).to_string()),
        ("delay_seconds", delay.to_string()),
        ("remote", in_yaml(rollout.remote.as_str())),
    ];
    let mut text = "# What this rollout is to do. Written by kmembuild rollout.\n".to_owned();
    for (name, value) in lines {
        let _ = writeln!(text, "kmembuild_{name}: {value}");
    }
    text + VARIABLES
}

/// The sizes of the waves: those of the first nodes, and then that of all others.
fn serial(limits: Limits) -> String {
    let most = limits.max_unavailable;
    let mut waves = vec![most; (limits.canary / most) as usize];
    if !limits.canary.is_multiple_of(most) {
        waves.push(limits.canary % most);
    }
    waves.push(most);
    // A canary of thousands needs no line for each.
    waves.truncate(1000);
    let waves: Vec<_> = waves.iter().map(u32::to_string).collect();
    waves.join(", ")
}

/// The inventory: a file of YAML, or a program that asks the cluster. Its name, its text, and whether it is a program.
pub(super) fn inventory(rollout: &Rollout, limits: Limits) -> (&'static str, String, bool) {
    match &rollout.nodes {
        Nodes::Named(nodes) => ("inventory.yml", of_named(nodes, limits.canary), false),
        Nodes::Labelled(selector) => {
            let head = format!(
                "selector={}\ncanary={}\n",
                in_shell(&selector.to_string()),
                limits.canary
            );
            ("inventory.sh", INVENTORY.replacen(HEAD, &head, 1), true)
        }
    }
}

fn of_named(nodes: &[Node], canary: u32) -> String {
    let (first, rest) = nodes.split_at(nodes.len().min(canary as usize));
    let mut text =
        "# The nodes; those of kmembuild_canary come first. Written by kmembuild rollout.\n\
                    kmembuild:\n  children:\n"
            .to_owned();
    for (group, nodes) in [("kmembuild_canary", first), ("kmembuild_rest", rest)] {
        let _ = write!(text, "    {group}:\n      hosts:");
        if nodes.is_empty() {
            text += " {}";
        }
        text += "\n";
        for node in nodes {
            let _ = write!(text, "        {}:", in_yaml(node.name()));
            match node.user_and_host() {
                None => text += " {}\n",
                Some((user, host)) => {
                    let _ = write!(text, " {{ansible_host: {}", in_yaml(host));
                    if let Some(user) = user {
                        let _ = write!(text, ", ansible_user: {}", in_yaml(user));
                    }
                    text += "}\n";
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Limits, serial};

    #[test]
    fn the_first_nodes_have_waves_of_their_own() {
        let waves = |canary, max_unavailable| {
            serial(Limits {
                canary,
                max_unavailable,
                max_failed: 0,
            })
        };
        assert_eq!(waves(1, 1), "1, 1");
        assert_eq!(waves(1, 5), "1, 5");
        assert_eq!(waves(5, 2), "2, 2, 1, 2");
        assert_eq!(waves(4, 2), "2, 2, 2");
    }
}
