//! `kmembuild node`.

use serde_json::Value;
use tempfile::TempDir;

use crate::support::cgroup_folder::{CACHE, CgroupFolder, HEAD};
use crate::support::command::{Finished, Workplace};
use crate::support::kernel_release::CENTOS_7;
use crate::support::programs::{OFF, ON, compile, own_folder};
use crate::support::terminal::Terminal;

const ID: &str = "0af50af50af50af50af50af50af50af50af50af50af50af50af50af50af50af5";

/// A node with this runc beside what this machine has, and with accounting in the cgroups of pods.
struct Case {
    workplace: Workplace,
    programs: TempDir,
    cgroups: CgroupFolder,
}

impl Case {
    fn new(text: &str) -> Self {
        let programs = own_folder();
        compile(
            &programs.path().join("runc"),
            "runc version 1.0.0-rc8",
            text,
        );
        let cgroups = CgroupFolder::new();
        let slabinfo = format!("{HEAD}{CACHE}");
        cgroups.cgroup("kubepods", &slabinfo, "");
        cgroups.cgroup("kubepods/pod1", &slabinfo, "");
        cgroups.cgroup(&format!("kubepods/pod1/{ID}"), &slabinfo, "7\n");
        Self {
            workplace: Workplace::new(),
            programs,
            cgroups,
        }
    }

    fn run(&self, kernel: &str, more: &[&str]) -> Finished {
        let root = self.cgroups.argument();
        let words = [&["node", "--root", &root], more].concat();
        let mut command = self.workplace.on_kernel(kernel, &words);
        command.env("PATH", self.programs.path());
        command.output().expect("the command starts").into()
    }
}

fn json(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).expect("one document")
}

#[test]
fn the_answer_is_the_exit_code_the_last_line_and_a_field() {
    let case = Case::new(ON);
    let runc = std::fs::canonicalize(case.programs.path().join("runc")).expect("a path");
    let runc = runc.display().to_string();
    let next = format!("kmembuild runc --like {runc}");
    let finished = case.run(CENTOS_7, &[]).code(3);
    let last: Vec<_> = finished.stdout.lines().rev().take(2).collect();
    assert_eq!(last[0], format!("next: {next}"));
    let verdict = format!(": leaks: {runc} turns accounting on, and kernel {CENTOS_7} leaks by it");
    assert!(last[1].ends_with(&verdict), "{}", finished.stdout);
    finished.says("error: this node leaks memory cgroups\n");

    let finished = case.run(CENTOS_7, &["--format", "json"]).code(3);
    let document = json(&finished);
    assert_eq!(document["format"], 1);
    assert_eq!(document["document"], "node");
    assert_eq!(document["state"], "leaks");
    assert_eq!(document["kernel"]["release"], CENTOS_7);
    assert_eq!(document["kernel"]["leaks"], "yes");
    assert_eq!(document["tool"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["accounting"]["verdict"], "on");
    assert_eq!(document["accounting"]["on"], 3);
    assert_eq!(document["memory-cgroups"]["limit"], 65535);
    assert_eq!(document["memory-cgroups"]["leaked-counted"], false);
    assert_eq!(document["next"], Value::from(next));
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    assert_eq!(document["host"], Value::from(host));
    let programs = document["programs"].as_array().expect("programs");
    let ours = programs
        .iter()
        .find(|program| program["path"] == runc.as_str());
    assert_eq!(ours.expect("ours")["accounting"], "on");

    let quiet = case.run(CENTOS_7, &["-q"]).code(3);
    assert_eq!(quiet.stdout, "");
    let verbose = case.run(CENTOS_7, &["-v"]).code(3).prints("Does it leak?");
    // How wide the columns are depends on the programs that this machine runs.
    let words: Vec<_> = verbose.stdout.split_whitespace().collect();
    let accounting = ["accounting", "FAIL", "ON", "in", "3", "cgroups:"];
    let mut places = words.windows(accounting.len());
    assert!(places.any(|place| place == accounting), "{verbose:?}");
}

#[test]
fn the_same_node_is_well_on_a_kernel_that_does_not_leak_and_to_be_rebooted_with_another_runc() {
    let case = Case::new(ON);
    case.run("5.4.278-1.el7.elrepo.x86_64", &["-q"]).code(0);
    let case = Case::new(OFF);
    let finished = case.run(CENTOS_7, &["--format", "json"]);
    let document = json(&finished);
    // This machine may have a runc of its own that turns it on.
    let programs = document["programs"].as_array().expect("programs");
    if programs
        .iter()
        .all(|program| program["accounting"] == "off")
    {
        finished
            .code(6)
            .says("error: this node has to be rebooted\nhint: drain this node and reboot it");
        assert_eq!(document["state"], "reboot-needed");
    }
}

#[test]
fn the_metrics_have_the_answer_and_what_kmem_status_has() {
    let metrics = Case::new(ON)
        .run(CENTOS_7, &["--format", "prometheus"])
        .code(3)
        .stdout;
    for line in [
        "kmembuild_node_state{state=\"leaks\"} 1\n",
        "kmembuild_node_state{state=\"cured\"} 0\n",
        "kmembuild_node_kernel_leaks{leaks=\"yes\"} 1\n",
        "kmembuild_node_programs{accounting=\"on\",kind=\"runc\"} 1\n",
        "kmembuild_node_memory_cgroups_limit 65535\n",
        "kmembuild_kmem_accounting{state=\"on\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[test]
fn what_was_to_be_judged_and_cannot_be_read_is_no_answer() {
    let workplace = Workplace::new();
    let wrong = ["node", "--root", "nowhere"];
    let finished = workplace.run(&wrong).code(4);
    assert_eq!(finished.stdout, "");
    finished.says("error: could not open nowhere as a cgroup");
    let text = workplace
        .write("text.csv", "a,b\n1,2\n")
        .display()
        .to_string();
    workplace
        .run(&["node", "--measurements", &text])
        .code(2)
        .says("as a file written by `kmem watch --csv`");
    workplace
        .run(&["node", "--format", "yaml"])
        .code(2)
        .says("[possible values: text, json, prometheus]");
}

#[test]
fn measurements_of_this_machine_tell_when_it_is_full() {
    let case = Case::new(ON);
    let now = jiff::Timestamp::now();
    let line = |minute: i64, cgroups: i64| {
        // Not before the last boot, however short ago that is.
        let time = now + jiff::SignedDuration::from_mins(minute);
        format!("1,{time:.3},400,{cgroups},20,4,12,1\n")
    };
    let head = "format,time,slab_caches,memory_cgroups,cgroups_found,cgroups_without_processes,cgroups_on,kernel_memory_bytes\n";
    let lines: String = (0..30)
        .map(|minute| line(minute, 5000 + minute * 100))
        .collect();
    let file = case.workplace.write("node.csv", &format!("{head}{lines}"));
    let file = file.display().to_string();
    let finished = case.run("4.19.0", &["--measurements", &file]).code(0);
    finished.prints("; full in 10 hours");
    // On such a kernel, what leaks is not counted.
    let finished = case.run(CENTOS_7, &["--measurements", &file, "--format", "json"]);
    assert_eq!(json(&finished)["memory-cgroups"]["full-at"], Value::Null);
}

#[test]
fn the_screen_fits_into_a_small_terminal() {
    let case = Case::new(ON);
    let root = case.cgroups.argument();
    let line = Workplace::line_on_kernel(CENTOS_7, &["node", "--root", &root]);
    let (code, terminal) = Terminal::run(&case.workplace, 80, &line);
    let shown = terminal.plain();
    // It depends on the runc that this machine has.
    assert!(code == 3 || code == 6, "{code}: {shown}");
    let rows = shown.lines().count();
    assert!(rows <= 24 && rows > 5, "{rows} rows:\n{shown}");
    let marked = terminal.marked();
    let state = if code == 3 {
        "<red bold:leaks>"
    } else {
        "<yellow:reboot needed>"
    };
    for part in [state, "<red bold:error:>"] {
        assert!(marked.contains(part), "{part}\n{marked}");
    }
}
