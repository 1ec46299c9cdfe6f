//! The plugin of node-problem-detector, with the tool itself on nodes of all kinds.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{example, leaking_runc, run, tool_on_kernel};
use crate::support::cgroup_folder::{CACHE, CgroupFolder, HEAD};
use crate::support::command::Workplace;
use crate::support::kernel_release::CENTOS_7;

/// What the plugin prints, and that it ends with that code.
#[track_caller]
fn plugin(workplace: &Workplace, kernel: &str, words: &[&str], code: i32) -> String {
    let tool = tool_on_kernel(workplace, kernel);
    let (_programs, path) = leaking_runc();
    let mut command = Command::new("sh");
    command.arg(example("node-problem-detector/kmembuild.sh"));
    let (said, error) = run(
        command.args(words).env("KMEMBUILD", tool).env("PATH", path),
        code,
    );
    assert_eq!((said.lines().count(), error.as_str()), (1, ""), "{said}");
    assert!(said.chars().count() <= 81, "{said}");
    said
}

#[test]
fn its_exit_code_is_what_the_detector_expects() {
    let workplace = Workplace::new();
    let cgroups = CgroupFolder::new();
    let slabinfo = format!("{HEAD}{CACHE}");
    cgroups.cgroup("kubepods", &slabinfo, "");
    cgroups.cgroup("kubepods/pod1", &slabinfo, "");
    let root = cgroups.argument();
    let words = ["--root", &root];
    let leaks = plugin(&workplace, CENTOS_7, &words, 1);
    assert!(leaks.contains(": leaks: "), "{leaks}");
    let well = plugin(&workplace, "5.4.278-1.el7.elrepo.x86_64", &words, 0);
    assert!(well.contains(": not affected"), "{well}");
    let unknown = plugin(&workplace, "4.2.0-1.el7.x86_64", &words, 2);
    assert!(unknown.contains(": unknown"), "{unknown}");
    let nowhere = plugin(&workplace, CENTOS_7, &["--root", "nowhere"], 2);
    assert_eq!(nowhere, "kmembuild node gave no answer\n");

    let mut command = Command::new("sh");
    command.arg(example("node-problem-detector/kmembuild.sh"));
    let (said, _) = run(command.env("KMEMBUILD", "/nowhere/kmembuild"), 2);
    assert_eq!(said, "kmembuild node gave no answer\n");
}

#[test]
fn its_configuration_has_a_condition_for_each_rule_and_time_for_the_plugin() {
    let text = fs::read_to_string(example("node-problem-detector/kmembuild-monitor.json"));
    let monitor: Value = serde_json::from_str(&text.expect("the monitor")).expect("JSON");
    assert_eq!(monitor["plugin"], "custom");
    assert_eq!(monitor["pluginConfig"]["max_output_length"], 80);
    let conditions: Vec<_> = monitor["conditions"]
        .as_array()
        .expect("conditions")
        .iter()
        .collect();
    for rule in monitor["rules"].as_array().expect("rules") {
        assert_eq!(rule["type"], "permanent");
        let of_rule = conditions
            .iter()
            .filter(|condition| condition["type"] == rule["condition"]);
        assert_eq!(of_rule.count(), 1);
        let path = rule["path"].as_str().expect("a path");
        let readme = fs::read_to_string(example("README.md")).expect("the page");
        let (folder, name) = path.rsplit_once('/').expect("a folder");
        assert!(
            readme.contains(&format!("node-problem-detector/{name} {folder}/\n")),
            "{path}"
        );
    }
}
