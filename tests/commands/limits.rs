//! What the commands say where the system lets them have too little.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::support::command::{Finished, Workplace};

const COMMANDS: [&[&str]; 11] = [
    &["recipes", "list"],
    &["plan", "runc", "--tag", "v1.0.0-rc10"],
    &["runc", "--tag", "v1.0.0-rc10"],
    &["release", "release.yaml"],
    &["lock", "release.yaml"],
    &["reproduce", "dist"],
    &["verify", "/bin/true"],
    &["doctor"],
    &["clean"],
    &["cache", "list"],
    &["kmem", "status"],
];

/// Runs the command below the program `below` with its words.
fn run(workplace: &Workplace, below: &[&str], program: &str, words: &[&str]) -> Finished {
    let mut command = Command::new(below[0]);
    command.args(&below[1..]).arg(program);
    let output = workplace.set_up(command, words).output();
    output.expect("it starts").into()
}

#[test]
fn what_needs_nothing_is_printed_all_the_same() {
    let workplace = Workplace::new();
    let program = env!("CARGO_BIN_EXE_kmembuild");
    for (words, code, text) in [
        (&["--version"][..], 0, "kmembuild "),
        (&["--help"], 0, "Examples:"),
        (
            &["verify", "--nothing"],
            2,
            "unexpected argument '--nothing'",
        ),
    ] {
        let limits = ["prlimit", "--nofile=6", "--nproc=1"];
        let finished = run(&workplace, &limits, program, words).code(code);
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!(said.contains(text), "{words:?}: {said}");
    }
}

#[test]
fn too_few_open_files_are_an_error_of_every_command() {
    let workplace = Workplace::new();
    let program = env!("CARGO_BIN_EXE_kmembuild");
    for limit in ["6", "10", "20", "40"] {
        let limited = format!("--nofile={limit}");
        for words in COMMANDS {
            let text = format!("could not open 64 files at the same time: the limit is {limit}\n");
            run(&workplace, &["prlimit", &limited], program, words)
                .code(1)
                .says(&text)
                .says("caused by: Too many open files")
                .says("hint: raise the limit of open files");
        }
    }
}

#[test]
fn too_few_threads_are_an_error_of_every_command() {
    let workplace = Workplace::new();
    // The limit does not hold for root, and another user must be able to run the program.
    let program = workplace.path().join("kmembuild");
    fs::copy(env!("CARGO_BIN_EXE_kmembuild"), &program).expect("a copy");
    fs::set_permissions(workplace.path(), Permissions::from_mode(0o755)).expect("an open folder");
    let program = program.display().to_string();
    let mut below = Vec::new();
    if rustix::process::geteuid().is_root() {
        below = vec![
            "setpriv",
            "--reuid=64123",
            "--regid=64123",
            "--clear-groups",
        ];
    }
    // What fetches or builds needs more of them.
    let fetching: &[&str] = &["plan", "runc", "--tag", "v1.0.0-rc10"];
    for (limit, commands) in [
        ("1", &COMMANDS[..]),
        ("2", &COMMANDS),
        ("4", &COMMANDS),
        ("19", &[fetching]),
    ] {
        let limited = format!("--nproc={limit}");
        let below = [below.as_slice(), &["prlimit", &limited]].concat();
        for words in commands {
            run(&workplace, &below, &program, words)
                .code(1)
                .says(" threads: the limit is ")
                .says("caused by: Resource temporarily unavailable")
                .says("hint: raise the limit of the user's processes");
        }
    }
}
