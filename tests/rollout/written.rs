//! What is written: always the same, only into a directory that is there for it, without mistakes that programs find.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::command::Workplace;
use crate::support::node_results::{LOUD, QUIET, result};
use crate::support::preflight::installed;

/// A place with a result and a file of nodes.
fn place() -> (Workplace, String) {
    let workplace = Workplace::new();
    let dist = workplace.path().join("dist");
    let result = result(
        &dist,
        "runc",
        "v1.0.0-rc10",
        "runc version 1.0.0-rc10",
        QUIET,
    );
    workplace.write("nodes", "# the pool\nn1\n\nn2 root@10.0.0.2\n");
    let result = result.display().to_string();
    (workplace, result)
}

/// All files of a directory, by their paths.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut next = vec![root.to_owned()];
    while let Some(folder) = next.pop() {
        for entry in fs::read_dir(folder).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                next.push(path);
            } else {
                let name = path
                    .strip_prefix(root)
                    .expect("below")
                    .display()
                    .to_string();
                found.insert(name, fs::read(path).expect("a file"));
            }
        }
    }
    found
}

#[test]
fn the_same_rollout_is_the_same_bytes() {
    let (workplace, result) = place();
    let image = "registry.example/node:v1";
    let words = ["rollout", &result, "--nodes", "nodes", "--image", image];
    workplace
        .run(&words)
        .code(0)
        .prints("wrote the rollout of runc v1.0.0-rc10 to 2 nodes -> rollout\n")
        .prints("next: read rollout/README.md");
    let first = files(&workplace.path().join("rollout"));
    let names: Vec<_> = first.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "README.md",
            "ansible/drain.yml",
            "ansible/inventory.yml",
            "ansible/restore.yml",
            "ansible/rollback.yml",
            "ansible/rollout.yml",
            "ansible/uncordon.yml",
            "ansible/vars.yml",
            "controller/Dockerfile",
            "controller/canary.yaml",
            "controller/rollback.yaml",
            "controller/rollout.yaml",
            "controller/upgrade.sh",
            "files/node.sh",
            "files/runc",
            "nodes",
            "rollout.json",
            "ssh/rollout.sh",
        ]
    );
    workplace
        .run(&[&words[..], &["-o", "another"]].concat())
        .code(0);
    assert_eq!(files(&workplace.path().join("another")), first);
    // Without a plan, and by labels: what the earlier one had and this one has not is gone; reports stay.
    workplace.write("rollout/reports/n1.log", "what happened");
    workplace
        .run(&["rollout", &result, "--selector", "pool=old"])
        .code(0)
        .prints("to the nodes with these labels");
    let later = files(&workplace.path().join("rollout"));
    assert!(!later.contains_key("nodes") && !later.contains_key("ansible/inventory.yml"));
    assert!(!later.keys().any(|name| name.starts_with("controller/")));
    assert!(later.contains_key("ansible/inventory.sh") && later.contains_key("reports/n1.log"));
}

#[test]
fn scripts_are_posix_and_without_the_usual_mistakes() {
    let (workplace, result) = place();
    for (output, which) in [
        ("a", ["--nodes", "nodes"]),
        ("b", ["--selector", "x in (a,b)"]),
    ] {
        let words = [
            &[
                "rollout",
                &result,
                "-o",
                output,
                "--image",
                "r.example/n:v1",
                "--window",
                "01:00-02:00",
            ],
            &which[..],
        ]
        .concat();
        workplace.run(&words).code(0);
        for script in [
            "ssh/rollout.sh",
            "controller/upgrade.sh",
            "ansible/inventory.sh",
        ] {
            let path = workplace.path().join(output).join(script);
            if !path.exists() {
                continue;
            }
            for words in [&["dash", "-n"][..], &["shellcheck", "--shell", "sh"]] {
                let output = installed(words[0]).args(&words[1..]).arg(&path).output();
                let output = output.expect("it starts");
                let text = String::from_utf8_lossy(&output.stdout);
                assert!(output.status.success(), "{script}: {text}");
            }
        }
    }
}

#[test]
fn a_directory_with_something_else_is_left_alone() {
    let (workplace, result) = place();
    let words = ["rollout", &result, "--nodes", "nodes"];
    workplace.write("rollout/letter.txt", "mine");
    workplace
        .run(&words)
        .code(15)
        .says("rollout/letter.txt is not of a rollout");
    assert_eq!(files(&workplace.path().join("rollout")).len(), 1);
    fs::remove_file(workplace.path().join("rollout/letter.txt")).expect("removed");
    // Its names alone do not make it one.
    workplace.write("rollout/nodes", "mine");
    workplace
        .run(&words)
        .code(15)
        .says("rollout is not of a rollout");
    fs::remove_file(workplace.path().join("rollout/nodes")).expect("removed");
    workplace.run(&words).code(0);
    let elsewhere = workplace.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("a directory");
    fs::remove_dir_all(workplace.path().join("rollout/ssh")).expect("removed");
    std::os::unix::fs::symlink(&elsewhere, workplace.path().join("rollout/ssh")).expect("a link");
    workplace
        .run(&words)
        .code(15)
        .says("rollout/ssh is not of a rollout");
    assert_eq!(files(&elsewhere).len(), 0);
}

#[test]
fn hostile_names_and_wrong_values_are_refused() {
    let (workplace, result) = place();
    for (line, reason) in [
        ("$(reboot)", "\"$(reboot)\" is not the name of a node"),
        ("a;reboot", "is not the name of a node"),
        (
            "{{ lookup('pipe', 'reboot') }}",
            "is not the name of a node",
        ),
        ("\"a\": {}", "is not the name of a node"),
        ("a -oProxyCommand=reboot", "is not an address"),
        ("a b c", "\"c\" is behind the name and the address"),
        ("localhost", "a node cannot be called localhost"),
        ("n1", "n1 is named twice"),
    ] {
        workplace.write("hostile", &format!("n1\n{line}\n"));
        let refused = workplace
            .run(&["rollout", &result, "--nodes", "hostile"])
            .code(2);
        refused.says("error: hostile:2: ").says(reason);
    }
    workplace.write("empty", "# nobody\n");
    for (words, reason) in [
        (&["--nodes", "empty"][..], "empty names no node"),
        (
            &["--nodes", "nowhere"],
            "could not read the nodes in nowhere",
        ),
        (&["--nodes", "/dev/zero"], "it is not a regular file"),
        (&["--selector", "a=$(x)"], "is not a selector of labels"),
        (
            &["--selector", "a", "--max-unavailable", "5%"],
            "max-unavailable is a share",
        ),
        (
            &["--nodes", "nodes", "--max-unavailable", "0"],
            "if no node may be out of service",
        ),
        (
            &["--nodes", "nodes", "--window", "sat 22:00-04:00"],
            "is over midnight on some days",
        ),
        (
            &["--nodes", "nodes", "--window", "night"],
            "is not a window of time",
        ),
        (
            &["--nodes", "nodes", "--script-option=--reboot"],
            "is not an option of node.sh",
        ),
        (
            &["--nodes", "nodes", "--remote", "a;b"],
            "is not the path of a program",
        ),
        (&[], "required"),
    ] {
        let words = [&["rollout", &result], words].concat();
        workplace.run(&words).code(2).says(reason);
    }
    assert!(!workplace.path().join("rollout").exists());
    // What turns accounting on goes to no node.
    let loud = loud(&workplace);
    workplace
        .run(&["rollout", &loud, "--nodes", "nodes"])
        .code(16)
        .says("is not proven to be without kernel-memory accounting");
}

/// A result that turns accounting on.
fn loud(workplace: &Workplace) -> String {
    let dist = workplace.path().join("dist");
    let result = result(&dist, "runc", "v1.0.0-rc9", "runc version 1.0.0-rc9", LOUD);
    result.display().to_string()
}
