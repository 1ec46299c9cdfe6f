//! `config.yaml`: what is wrong with it is said before anything is done.

use crate::support::command::{Finished, Workplace};

fn with_config(text: &[u8]) -> Finished {
    let workplace = Workplace::new();
    let file = workplace.write("config/config.yaml", "");
    std::fs::write(file, text).expect("a written file");
    workplace.run(&["recipes", "list"])
}

#[test]
fn a_well_formed_one_is_read() {
    let text = b"format: 1\nmirrors: [registry.example]\ndebian-mirror: http://mirror.example/debian\nstall-timeout: 1m\n";
    with_config(text).code(0).prints("runc");
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (text, said) in [
        (
            "format: 1\nmirors: [a]\n",
            "config.yaml:2:1: unknown field `mirors`; the fields allowed here are format, mirrors, debian-mirror, cache-size, stall-timeout, engine, require-no-network, require-limits, cache-from, cache-to, cache-keys, kubernetes; did you mean `mirrors`?",
        ),
        ("mirrors: []\n", "config.yaml must begin with `format: 1`"),
        ("", "config.yaml must begin with `format: 1`"),
        (
            "format: 2\n",
            "config.yaml: format 2 is not supported; this version of kmembuild reads format 1",
        ),
        (
            "format: 1\nstall-timeout: soon\n",
            "config.yaml:2:16: \"soon\" is not a time; write it like 30s, 20m or 1h",
        ),
        (
            "format: 1\nmirrors: mirror.example\n",
            "config.yaml:2:10: expected a list here",
        ),
        (
            "format: 1\nmirrors: [\" \"]\n",
            "config.yaml:2:11: \" \" is not a registry; write it like mirror.example.com:5000/hub",
        ),
        (
            "format: 1\nformat: 1\n",
            "config.yaml:2:1: the field `format` appears twice",
        ),
        ("- format: 1\n", "config.yaml:1:1: expected fields here"),
    ] {
        let refused = with_config(text.as_bytes()).code(2).says(said);
        assert_eq!(refused.stdout, "", "{text}");
    }
}

#[test]
fn one_that_cannot_be_read_is_named() {
    with_config(b"\xff\n")
        .code(2)
        .says("config.yaml\ncaused by: it is not UTF-8 text");
    let workplace = Workplace::new();
    workplace.write("config/config.yaml/file", "");
    workplace
        .run(&["recipes", "list"])
        .code(2)
        .says("config.yaml\ncaused by: Is a directory");
}

#[test]
fn help_does_not_need_it() {
    let workplace = Workplace::new();
    workplace.write("config/config.yaml", "nonsense");
    workplace.run(&["--help"]).code(0);
    workplace.run(&["--version"]).code(0).prints("kmembuild ");
}

#[test]
fn without_a_home_the_two_folders_must_be_named() {
    let workplace = Workplace::new();
    let mut command = workplace.command(&["recipes", "list"]);
    let run = command
        .env("HOME", "")
        .output()
        .expect("the command starts");
    Finished::from(run).code(0);
    let xdg = workplace
        .command(&["recipes", "show", "tool"])
        .env_remove("KMEMBUILD_CONFIG_DIR")
        .env("XDG_CONFIG_HOME", workplace.path().join("xdg"))
        .output();
    Finished::from(xdg.expect("the command starts")).code(2);
}
