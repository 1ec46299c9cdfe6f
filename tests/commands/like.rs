//! `--like` where it is refused before an engine or a mirror is asked.

use std::fs::{self, File};
use std::io::Write as _;

use rustix::process::Signal;

use crate::like::forms::{info, kubectl_json};
use crate::support::command::{Finished, Workplace};
use crate::support::running::Running;

const RC10: &str = "dc9208a3303feef5b3839f4323d9beb36df0a9dd";

/// An engine that is not there: to get as far as that is to have understood the input.
const NO_ENGINE: [&str; 2] = ["--host", "unix:///nowhere/docker.sock"];

fn plan(recipe: &str, input: &str) -> Finished {
    let arguments = [&["plan", recipe, "--like", "-"], &NO_ENGINE[..]].concat();
    Workplace::new().run_with_input(&arguments, input)
}

#[test]
fn a_terminal_is_told_what_to_pipe_in() {
    // Each opening of it is a terminal of its own.
    let terminal = || {
        File::options()
            .read(true)
            .write(true)
            .open("/dev/ptmx")
            .unwrap()
    };
    let workplace = Workplace::new();
    for arguments in [&["runc", "--like", "-"], &["runc", "--like", "/dev/ptmx"]] {
        let mut command = workplace.command(arguments);
        let output = command.stdin(terminal()).output().unwrap();
        Finished::from(output)
            .code(2)
            .says("is a terminal, so there is nothing to read")
            .says("`kubectl version -o json | kmembuild kubelet --like -`");
    }
}

#[test]
fn tag_and_like_are_one_or_the_other() {
    let workplace = Workplace::new();
    workplace
        .run(&["runc", "--tag", "v1.0.0-rc10", "--like", "-"])
        .code(2)
        .says("'--tag <TAG|COMMIT>' cannot be used with '--like <FILE|->'");
    workplace
        .run(&["plan", "runc", "--like", ""])
        .code(2)
        .says("a value is required for '--like");
    workplace
        .run(&["plan", "runc"])
        .code(2)
        .says("hint: use --like to build what a node has");
}

#[test]
fn input_that_tells_nothing_is_named_with_what_would() {
    let workplace = Workplace::new();
    workplace
        .run(&["runc", "--like", "missing"])
        .code(2)
        .says("error: cannot read missing\ncaused by: No such file");
    for (input, said) in [
        ("", "caused by: the text is empty"),
        ("nonsense\n", "it begins with \"nonsense\""),
        (
            "{\"clientVersion\":{}}",
            "kubectl could not reach the server\nhint: find out why `kubectl version` shows no server",
        ),
        (
            "{\"serverVersion\":{\"gitV",
            "the text is not valid JSON; it may be truncated\ncaused by: EOF",
        ),
        (
            "\u{7f}ELF\u{2}",
            "the input is a program; to run it, its file name is required\nhint: use --like FILE",
        ),
        (
            "runc version spec: 1.0.1-dev\n",
            "the program was built without a version and without a commit",
        ),
        (
            "runc version 1.0.0-rc10+dev\n",
            "its commit is unknown\nhint: find the tag or commit",
        ),
        (
            "runc version 1.0.0-rc9\nrunc version 1.0.0-rc10\n",
            "different versions: 1.0.0-rc9; 1.0.0-rc10\nhint: use --like with one of them",
        ),
        (
            "crun version 0.19.1\n",
            "this is the version of crun, but recipe runc builds runc, recvtty",
        ),
    ] {
        plan("runc", input).code(2).says("error: ").says(said);
    }
    plan("runc", &kubectl_json("v1.15.5", RC10))
        .code(2)
        .says("this is the version of Kubernetes, but recipe runc builds runc, recvtty");
}

#[test]
fn what_is_understood_leads_on_to_the_engine() {
    let workplace = Workplace::new();
    let text = format!("runc version 1.0.0-rc10\ncommit: {RC10}\nspec: 1.0.1-dev\n");
    plan("runc", &text).code(12).says(&format!(
        "note: the given build is 1.0.0-rc10, commit {RC10}\n"
    ));
    workplace.write("version.txt", &text);
    let file = [&["runc", "--like", "version.txt"], &NO_ENGINE[..]].concat();
    workplace.run(&file).code(12);
}

#[test]
fn a_recipe_of_a_package_builds_its_own_version_only() {
    let debians = "runc version 1.0.0~rc93+ds1\ncommit: 1.0.0~rc93+ds1-5+deb11u5\n";
    plan("runc-debian", debians)
        .code(12)
        .says("note: the source comes from package golang-github-opencontainers-runc-dev; its code was not compared with the given build");
    plan("runc-debian", "runc version 1.0.0-rc10\n")
        .code(2)
        .says("the recipe runc-debian builds v1.0.0-rc93 only, not 1.0.0-rc10");
}

#[test]
fn a_vendors_build_is_explained() {
    plan("runc", "runc version 1.0.0~rc93+ds1\ncommit: 1.0.0~rc93+ds1-5+deb11u5\n")
        .code(11)
        .says("1.0.0~rc93+ds1 is Debian's build: it is based on upstream's tag v1.0.0-rc93, but the vendor has added changes")
        .says("hint: use `--tag v1.0.0-rc93`, or --like with --force, to build upstream's code of that tag");
    let own = "runc version 1.0.0-rc10-acme.1\n";
    plan("runc", own)
        .code(11)
        .says("1.0.0-rc10-acme.1 is a vendor's build");
}

#[test]
fn a_file_that_is_no_whole_program_and_one_for_other_processors() {
    let workplace = Workplace::new();
    let mut program = fs::read(env!("CARGO_BIN_EXE_kmembuild")).unwrap();
    let ask = |bytes: &[u8]| {
        fs::write(workplace.path().join("runc"), bytes).unwrap();
        workplace.run(&["runc", "--like", "runc"]).code(2)
    };
    ask(&program[..1000]).says("the program is incomplete or damaged: an incomplete ELF file: ");
    program[18..20].copy_from_slice(&43u16.to_ne_bytes());
    ask(&program)
        .says("error: could not determine from runc what to build\ncaused by: the program cannot be run here to get its version: built for ")
        .says("hint: run it with --version on the node, and pass the output to --like");
}

#[test]
fn a_silent_pipe_is_waited_for_and_can_be_interrupted() {
    let workplace = Workplace::new();
    let mut command = workplace.command(&["runc", "--like", "-"]);
    let (run, mut pipe) = Running::with_input(&mut command);
    // More than a pipe holds: when it is written, some of it is read.
    pipe.write_all(&b"runc version \n".repeat(8 << 10)).unwrap();
    run.send(Signal::TERM);
    run.finish().code(130);
    drop(pipe);
}

#[test]
fn a_version_that_is_no_terminal_text_cannot_command_the_terminal() {
    let said = plan("runc", "\u{1b}[31mrunc version 1\n").code(2).stderr;
    assert!(!said.contains('\u{1b}'), "{said}");
    let raw = info("v1.15.5\u{7}", RC10);
    let said = plan("runc", &raw).code(2).stderr;
    assert!(!said.contains('\u{7}'), "{said}");
}
