//! The script that uses `ssh`.

use super::description::{Limits, Nodes, Rollout};
use super::quoted::in_shell;
use super::script_option::ScriptOption;
use super::window::Window;

const BODY: &str = include_str!("rollout.sh");
/// Seconds between two looks at a node.
const AGAIN: u64 = 10;
/// Where what this rollout says is inserted.
const HEAD: &str = "#@HEAD@\n";

/// `ssh/rollout.sh`: for programs of these file names, which `title` names with their versions.
pub(super) fn script(rollout: &Rollout, limits: Limits, programs: &[&str], title: &str) -> String {
    BODY.replacen(HEAD, &head(rollout, limits, programs, title), 1)
}

fn head(rollout: &Rollout, limits: Limits, programs: &[&str], title: &str) -> String {
    let digits = |time: String| time.replace(':', "");
    let window = rollout.window.as_ref();
    let days = window.map(|window| window.days().collect::<Vec<_>>().join(" "));
    let selector = match &rollout.nodes {
        Nodes::Named(_) => String::new(),
        Nodes::Labelled(selector) => selector.to_string(),
    };
    let options = rollout.script_options.iter().flat_map(ScriptOption::words);
    let options: Vec<_> = options.map(String::as_str).collect();
    let lines = [
        ("title", title.to_owned()),
        ("programs", programs.join(" ")),
        ("options", options.join(" ")),
        ("selector", selector),
        ("canary", limits.canary.to_string()),
        ("pause", rollout.pause.as_secs().to_string()),
        ("max_unavailable", limits.max_unavailable.to_string()),
        ("max_failed", limits.max_failed.to_string()),
        ("window_days", days.unwrap_or_default()),
        (
            "window_from",
            window.map(Window::from).map_or_else(String::new, digits),
        ),
        (
            "window_to",
            window.map(Window::to).map_or_else(String::new, digits),
        ),
        ("drain", rollout.drain.map_or("", |_| "yes").to_owned()),
        ("drain_options", rollout.drain_options().join(" ")),
        ("reboot_time", rollout.reboot_time.as_secs().to_string()),
        ("check_time", rollout.check_time.as_secs().to_string()),
        (
            "again",
            AGAIN.min(rollout.check_time.as_secs().max(1)).to_string(),
        ),
        ("remote", rollout.remote.as_str().to_owned()),
    ];
    let lines = lines.map(|(name, value)| format!("{name}={}\n", in_shell(&value)));
    format!(
        "# Brings {title} to the nodes by ssh, a few at a time. Written by kmembuild rollout.\n\
         # For help: sh FILE --help\n\n{}",
        lines.concat()
    )
}
