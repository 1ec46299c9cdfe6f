//! What others wrote is shown, and does nothing: to a terminal, and to the log of a CI system.

use std::fs;

use super::place::{BUILD, Place, good_script, script_with_make};
use crate::support::cgroup_folder::{CACHE, CgroupFolder, HEAD};
use crate::support::command::Finished;
use crate::support::scripted_engine::{Ending, Script, Step};

/// Clears a terminal, and in one byte; changes the order of what follows; is a command to two CI systems.
const HOSTILE: &str = "\u{1b}[2Jx\u{9b}2Jy\u{202e}z";
const COMMANDS: [&str; 3] = ["::add-mask::secret", "  ::error::x", "a ##[error]b"];

/// Asserts that nothing of it is left in what people read.
#[track_caller]
fn harmless(finished: &Finished) {
    for text in [&finished.stdout, &finished.stderr] {
        let harmful = |c: char| c == '\u{202e}' || (c.is_control() && c != '\n' && c != '\t');
        assert!(!text.contains(harmful), "{text:?}");
        for line in text.lines() {
            assert!(!line.trim_start().starts_with("::"), "{line:?}");
            assert!(!line.contains("##["), "{line:?}");
        }
    }
}

/// The script whose build says this.
fn saying(lines: &'static [&'static str], ending: Ending) -> Script {
    script_with_make(Step::says(lines, ending))
}

#[test]
fn the_output_of_a_build_is_only_shown() {
    const LINES: [&str; 4] = [
        "\u{1b}[2Jx\u{9b}2Jy\u{202e}z",
        COMMANDS[0],
        COMMANDS[1],
        COMMANDS[2],
    ];
    let place = Place::with(saying(&LINES, Ending::Exit(0)));
    let finished = place.build(&["-v"]);
    harmless(&finished);
    finished.says("add-mask::secret");
    let place = Place::with(saying(&LINES, Ending::Exit(2)));
    let finished = place.build(&[]).code(14);
    harmless(&finished);
    finished.says("add-mask::secret");
}

/// Names of files and of cgroups may hold everything but a slash and a null byte.
#[test]
fn names_of_files_and_cgroups_are_only_shown() {
    let place = Place::with(good_script());
    let root = place.workplace.path();
    let name = format!("{HOSTILE}\n::error::x ##[error]y");
    fs::write(root.join(&name), "no program").expect("a file");
    let result = root.join("result");
    fs::create_dir(&result).expect("a folder");
    fs::write(result.join("manifest.json"), "{}").expect("a manifest");
    fs::write(result.join(&name), "more").expect("a file");
    let slabinfo = format!("{HEAD}{CACHE}");
    let cgroups = CgroupFolder::new();
    // With accounting on, as containers of docker and pods of kubelet, and as nobody's.
    for parent in ["docker", "kubepods", "kubepods/burstable", ""] {
        cgroups.cgroup(&format!("{parent}/{name}"), &slabinfo, "77\n");
        cgroups.write(&format!("{parent}/cgroup.procs"), "");
    }
    let memory = cgroups.argument();
    for words in [
        &["verify", "--no-run", &name][..],
        &["verify", "result"],
        &["kmem", "status", "--root", &memory],
        &["kmem", "status", "--root", &memory, "--all"],
    ] {
        let shown = place.workplace.run(words);
        harmless(&shown);
        assert!(shown.stdout.contains("error::x"), "{shown:?}");
        let document = place
            .workplace
            .run(&[words, &["--format", "json"]].concat());
        harmless(&document);
        let read: serde_json::Value = serde_json::from_str(&document.stdout).expect("JSON");
        // It means the same.
        let text = read.to_string();
        let written = serde_json::to_string(&name).expect("JSON");
        assert!(text.contains(written.trim_matches('"')), "{text}");
    }
    let metrics = [
        "kmem",
        "status",
        "--root",
        &memory,
        "--format",
        "prometheus",
    ];
    let metrics = place.workplace.run(&metrics);
    harmless(&metrics);
    assert!(!metrics.stdout.contains("error::x"), "{metrics:?}");
    for line in metrics.stdout.lines().filter(|line| !line.starts_with('#')) {
        let number = line.rsplit_once(' ').expect("a value").1;
        assert!(number.parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn words_of_the_command_line_and_of_files_are_only_shown() {
    let place = Place::with(good_script());
    let commanded = format!("\n::error::{HOSTILE}\n##[error]x");
    for words in [
        &["tool", "--tag", &commanded][..],
        &["tool", "--tag", "v1.0.0", "--source", &commanded],
        &[&commanded],
        &["recipes", "show", &commanded],
        &["release", &commanded],
        &["verify", &commanded],
        &["reproduce", &commanded],
        &["public-key", &commanded],
        &["cache", "show", &commanded],
        &["kmem", "status", "--root", &commanded],
        &["node-script", &commanded],
    ] {
        let finished = place.workplace.run(words);
        assert_ne!(finished.code, Some(0), "{words:?}");
        harmless(&finished);
    }
    let recipe = place.workplace.path().join("recipes/tool.yaml");
    let text = fs::read_to_string(&recipe).expect("a recipe");
    let summary = text
        .lines()
        .find(|line| line.starts_with("summary: "))
        .expect("a summary");
    let hostile = "summary: \"\\e[2Jx \\u202e \\n::error::y\"";
    fs::write(&recipe, text.replace(summary, hostile)).expect("written");
    harmless(&place.run(&["recipes", "list"]));
    harmless(&place.run(&[&BUILD[..], &["--help"]].concat()));
}
