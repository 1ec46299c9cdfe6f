//! Command lines that ask for what cannot be; none of them reaches an engine, a mirror or a file.

use crate::support::command::Workplace;

/// The words of a wrong command line and a part of what is said about it.
type Wrong = (&'static [&'static str], &'static str);

#[track_caller]
fn assert_usage(wrong: &[Wrong]) {
    let workplace = Workplace::new();
    for (arguments, said) in wrong {
        let finished = workplace.run(arguments);
        assert_eq!(finished.code, Some(2), "{arguments:?}: {finished:?}");
        assert!(
            finished.stderr.contains(said),
            "{arguments:?}: {}",
            finished.stderr
        );
        assert!(
            finished.stderr.starts_with("error: "),
            "{}",
            finished.stderr
        );
        assert_eq!(finished.stdout, "", "{arguments:?}");
    }
    assert!(
        !workplace.path().join("cache").exists(),
        "nothing was begun"
    );
}

#[test]
fn commands_that_are_not_there_or_not_whole() {
    assert_usage(&[
        (&[], "error: a command is required\n"),
        (&["recipes"], "error: a command is required\n"),
        (&["recipes", "frob"], "unrecognized subcommand 'frob'"),
        (&["frob"], "there is no command or recipe `frob`\nhint: "),
        (&[""], "there is no command or recipe ``"),
        (
            &["\u{1b}[31mrunc"],
            "there is no command or recipe `\u{fffd}[31mrunc`",
        ),
        (&["plan"], "<RECIPE>"),
        (&["plan", "frob"], "there is no recipe `frob`"),
        (&["plan", "runc"], "no version given for runc"),
        (&["verify"], "<FILE|DIR>..."),
        (&["clean", "extra"], "unexpected argument 'extra'"),
        (
            &["runc", "--tag", "v1", "extra"],
            "unexpected argument 'extra'",
        ),
    ]);
}

#[test]
fn values_that_are_none() {
    assert_usage(&[
        (&["runc", "--tag", ""], "a value is required for '--tag"),
        (&["runc", "--mirror", ""], "invalid value '' for '--mirror"),
        (
            &["runc", "--source", ""],
            "a value is required for '--source",
        ),
        (
            &["runc", "--output", ""],
            "a value is required for '--output",
        ),
        (&["clean", "--host", ""], "a value is required for '--host"),
        (
            &["runc", "--memory", "0"],
            "\"0\" is not a size; write it like 512MiB or 4GiB",
        ),
        (&["runc", "--memory=-5"], "\"-5\" is not a size"),
        (
            &["runc", "--cpus", "0"],
            "\"0\" is not a number of processors; write it like 2 or 1.5",
        ),
        (
            &["runc", "--cpus", "1e3"],
            "\"1e3\" is not a number of processors",
        ),
        (&["runc", "--jobs", "0"], "0 is not in 1.."),
        (
            &["runc", "--timeout", "0s"],
            "\"0s\" is not a time; write it like 30s, 20m or 1h",
        ),
        (
            &["runc", "--timeout", "99999999999999999999s"],
            "is not a time",
        ),
        (
            &["runc", "--glibc-floor", "new"],
            "\"new\" is not a glibc version such as 2.17",
        ),
        (
            &["runc", "--arch", "x86_64"],
            "\"x86_64\" is not a supported architecture; use one of 386, amd64",
        ),
        (
            &["runc", "--image", "docker"],
            "[possible values: registry, upstream, lean, debian]",
        ),
        (
            &["runc", "--image-name", "a b"],
            "\"a b\" is not an image name; write it like golang:",
        ),
        (
            &["runc", "--image-name", "https://x/y"],
            "\"https://x/y\" is not an image name",
        ),
        (
            &["runc", "--format", "xml"],
            "[possible values: text, json]",
        ),
    ]);
}

#[test]
fn options_that_do_not_go_together() {
    assert_usage(&[
        (
            &["runc", "-v", "-q"],
            "'--verbose' cannot be used with '--quiet'",
        ),
        (
            &["runc", "--tag", "a", "--tag", "b"],
            "'--tag <TAG|COMMIT>' cannot be used multiple times",
        ),
        (
            &["runc", "--image", "lean", "--image-archive", "f"],
            "cannot be used with '--image-archive",
        ),
        (
            &[
                "runc",
                "--tag",
                "v1",
                "--image",
                "lean",
                "--image-name",
                "golang:1",
            ],
            "image golang:1 is ready-made, but the way lean makes an image; choose one of the two",
        ),
        (
            &["runc-debian", "--tag", "v1"],
            "recipe runc-debian builds only v1.0.0-rc93, not v1",
        ),
        (
            &["runc-debian", "--source", "x"],
            "recipe runc-debian does not support a choice of the source",
        ),
    ]);
}

#[test]
fn forms_that_a_command_does_not_have() {
    let no_yaml =
        "invalid value 'yaml' for '--format <text|json>'\n  [possible values: text, json]";
    let no_format = "unexpected argument '--format' found";
    assert_usage(&[
        (&["recipes", "list", "--format", "yaml"], no_yaml),
        (&["verify", "/bin/sh", "--format", "yaml"], no_yaml),
        (&["clean", "--format", "yaml"], no_yaml),
        (&["runc", "--tag", "v1", "--format", "yaml"], no_yaml),
        (
            &["plan", "runc", "--tag", "v1", "--format", "prometheus"],
            "[possible values: text, yaml, json]",
        ),
        (
            &["kmem", "status", "--format", "yaml"],
            "[possible values: text, json, prometheus]",
        ),
        (&["recipes", "show", "runc", "--format", "json"], no_format),
        (
            &["recipes", "check", "x.yaml", "--format", "json"],
            no_format,
        ),
        (
            &["recipes", "export", "runc", "x", "--format", "json"],
            no_format,
        ),
        (&["lock", "--format", "json"], no_format),
        (&["completions", "bash", "--format", "json"], no_format),
        (&["man", "x", "--format", "json"], no_format),
        (&["node-script", "x", "--format", "json"], no_format),
        (&["--format", "json", "runc"], no_format),
    ]);
}

#[test]
fn an_image_archive_that_is_none_is_named() {
    let workplace = Workplace::new();
    let build = |archive: &str| {
        let arguments = ["runc", "--tag", "v1.0.0-rc10", "--image-archive", archive];
        workplace.run(&arguments).code(12)
    };
    build("nowhere.tar").says("could not read image archive nowhere.tar\ncaused by: No such file");
    workplace.write("text.tar", "no archive");
    build("text.tar").says("text.tar is not an image archive: ");
}
