//! Nodes that are asked over SSH, with a program in the place of `ssh` that answers as nodes may.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use kmembuild::fleet::{RemoteProgram, SshHost};
use serde_json::Value;

use super::documents::document;
use crate::support::command::{Finished, Workplace};
use crate::support::running::Running;

/// Answers by the name of the host, which is the word behind `--`. Writes down what it was called with.
const SSH: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
echo "$@" >>calls
while [ "$1" != -- ]; do shift; done
case $2 in
good*) sed "s/NAME/$2/" node.json; exit 3 ;;
greets) echo "Welcome to greets"; sed "s/NAME/other/" node.json; echo bye ;;
refuses) echo "banner" >&2; echo "ssh: connect to host refuses port 22: Connection refused" >&2; exit 255 ;;
empty) exit 255 ;;
missing) echo "sh: kmembuild: command not found" >&2; exit 127 ;;
garbage) echo "<html>" ;;
endless) yes "{" ;;
loud) yes "no" >&2 ;;
silent) echo $$ >silent.pid; sleep 1000 ;;
esac
"#;

struct Case {
    workplace: Workplace,
}

impl Case {
    fn new() -> Self {
        let workplace = Workplace::new();
        let ssh = workplace.write("bin/ssh", SSH);
        fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).expect("a mode");
        let node = document("NAME", "leaks", "2020-03-01T10:00:00Z");
        workplace.write("bin/node.json", &format!("{node}\n"));
        Self { workplace }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.workplace.command(&[&["fleet"], words].concat());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.workplace.path().join("bin")].into_iter();
        let folders = folders.chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders).expect("a path"));
        command
    }

    fn run(&self, words: &[&str]) -> Finished {
        let output = self.command(words).output();
        output.expect("the command starts").into()
    }
}

/// Waits until a process has ended, whether or not somebody has asked for its exit code by then.
fn until_ended(process: &str) {
    let words = std::path::Path::new("/proc").join(process).join("cmdline");
    while fs::read(&words).is_ok_and(|words| !words.is_empty()) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn who_does_not_answer_is_a_row_with_the_reason() {
    let case = Case::new();
    case.workplace.write(
        "hosts",
        "# all\ngood2\n\n  refuses\nempty\nmissing\ngarbage\nendless\nloud\ngood2\nsilent\n",
    );
    let words = [
        "--ssh",
        "good1",
        "--ssh",
        "greets",
        "--ssh-hosts",
        "hosts",
        "--timeout",
        "2s",
        "--format",
        "json",
    ];
    let finished = case.run(&words).code(3);
    let fleet: Value = serde_json::from_str(&finished.stdout).expect("one document");
    let nodes = fleet["nodes"].as_array().expect("nodes");
    let found: Vec<_> = nodes
        .iter()
        .map(|node| ["host", "state", "why"].map(|key| node[key].as_str().expect("a text")))
        .collect();
    let why = "for this reason";
    let unreachable = |host, why| [host, "unreachable", why];
    assert_eq!(
        found,
        [
            ["good1", "leaks", why],
            ["good2", "leaks", why],
            // Its document has another name, but this one was asked.
            ["greets", "leaks", why],
            unreachable("empty", "ssh ended with exit code 255"),
            unreachable(
                "endless",
                "could not read what ssh printed: it is more than 1.0 MiB"
            ),
            unreachable(
                "garbage",
                "it printed something else: it is not a document of `kmembuild node --format json`"
            ),
            unreachable("loud", "no answer within 2s"),
            unreachable("missing", "kmembuild was not found there"),
            unreachable(
                "refuses",
                "ssh: connect to host refuses port 22: Connection refused"
            ),
            unreachable("silent", "no answer within 2s"),
        ]
    );
    let silent =
        fs::read_to_string(case.workplace.path().join("bin/silent.pid")).expect("a number");
    until_ended(silent.trim());
    let calls = fs::read_to_string(case.workplace.path().join("bin/calls")).expect("calls");
    assert_eq!(calls.lines().count(), 10, "{calls}");
    let good = calls
        .lines()
        .find(|call| call.contains("good1"))
        .expect("a call");
    assert!(good.contains("-o BatchMode=yes"), "{good}");
    assert!(
        good.ends_with("-- good1 kmembuild node --format json"),
        "{good}"
    );
    // The table has the reason in the row.
    let shown = case
        .run(&["--ssh", "refuses", "--remote", "/opt/bin/kmembuild"])
        .code(4);
    shown
        .prints("unreachable")
        .prints("Connection refused")
        .prints("1 node: 1 unreachable\n")
        .says("error: 1 of 1 node did not answer");
    let calls = fs::read_to_string(case.workplace.path().join("bin/calls")).expect("calls");
    assert!(
        calls.ends_with("-- refuses /opt/bin/kmembuild node --format json\n"),
        "{calls}"
    );
}

#[test]
fn no_name_becomes_an_option_or_a_command() {
    for good in [
        "node1",
        "root@node1.example.org",
        "10.0.0.1",
        "fe80::1",
        "my_alias-2",
    ] {
        assert_eq!(good.parse::<SshHost>().expect("a host").as_str(), good);
    }
    let long = "h".repeat(400);
    for bad in [
        "",
        "-oProxyCommand=x",
        "root@-x",
        "-x@node",
        "@node",
        "a b",
        "a;b",
        "$(x)",
        "`x`",
        "a\nb",
        "a@b@c",
        "node/..",
        "n\u{e4}me",
        long.as_str(),
    ] {
        let error = bad.parse::<SshHost>().expect_err(bad).to_string();
        assert!(error.contains("does not name a host"), "{error}");
    }
    for bad in ["", "-x", "a b", "a;b", "~/kmembuild", "$HOME/kmembuild"] {
        assert!(bad.parse::<RemoteProgram>().is_err(), "{bad}");
    }
    let case = Case::new();
    case.run(&["--ssh=-oProxyCommand=touch x"])
        .code(2)
        .says("does not name a host");
    case.workplace
        .write("hosts", "good1\n-oProxyCommand=touch x\n");
    case.run(&["--ssh-hosts", "hosts"])
        .code(2)
        .says("error: hosts:2: \"-oProxyCommand=touch x\" does not name a host");
    case.run(&["--ssh-hosts", "nowhere"])
        .code(2)
        .says("could not read the hosts in nowhere: No such file");
    assert!(!case.workplace.path().join("bin/calls").exists());
}

#[test]
fn an_interrupt_ends_what_was_started() {
    let case = Case::new();
    let mut command = case.command(&["--ssh", "silent"]);
    let started = case.workplace.path().join("bin/silent.pid");
    let mut fleet = Running::start(&mut command);
    fleet.until(|| fs::read_to_string(&started).is_ok_and(|text| text.ends_with('\n')));
    fleet.send(rustix::process::Signal::INT);
    fleet.finish().code(130).says("nothing was changed");
    let process = fs::read_to_string(&started).expect("a number");
    until_ended(process.trim());
}
