//! What real shells complete.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::support::command::Workplace;

/// What a real bash completes `words` to, the last one being unfinished.
fn completed(workplace: &Workplace, words: &[&str]) -> Vec<String> {
    let script = workplace.run(&["completions", "bash"]).code(0).stdout;
    let file = workplace.write("kmembuild.bash", &script);
    // What bash itself does when the tab key is pressed.
    let ask = r#"
        set -u
        source "$1"
        shift
        COMP_WORDS=("$@")
        COMP_CWORD=$(( $# - 1 ))
        COMPREPLY=()
        function=$(complete -p kmembuild | sed 's/.* -F \([^ ]*\) .*/\1/')
        "$function" kmembuild "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' ${COMPREPLY[@]+"${COMPREPLY[@]}"}
    "#;
    let file = file.display().to_string();
    let arguments = ["--norc", "-c", ask, "bash", &file, "kmembuild"];
    let arguments: Vec<_> = arguments.iter().chain(words).copied().collect();
    let mut command = workplace.set_up(Command::new("bash"), &arguments);
    let program = Path::new(env!("CARGO_BIN_EXE_kmembuild"));
    let places = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&places);
    let own = program.parent().expect("a directory").to_owned();
    let path = env::join_paths([own].into_iter().chain(places)).expect("a path");
    let output = command.env("PATH", path).output();
    let output = output.expect("bash is needed by this test");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn bash_completes_commands_recipes_options_and_values() {
    let workplace = Workplace::new();
    for (words, expected) in [
        (&["ver"][..], &["verify"][..]),
        (&["runc"], &["runc", "runc-debian"]),
        (&["kubelet", "--low"], &["--low-memory"]),
        (&["runc", "--image", "le"], &["lean"]),
        (&["plan", "kub"], &["kubelet"]),
        (&["recipes", "ex"], &["export"]),
        (&["recipes", "show", "runc-"], &["runc-debian"]),
        (&["runc", "--rec"], &["--recipe-dir"]),
        (&["kmem", "status", "--format", "p"], &["prometheus"]),
        (&["doctor", "runc", "kub"], &["kubelet"]),
        // What is not for people, what is refused, and what was given already.
        (&["comple"], &["completions"]),
        (&["runc-debian", "--stat"], &[]),
        (&["runc", "--static"], &[]),
        (&["man", "--h"], &["--help"]),
        (&["runc", "--refresh", "--ref"], &[]),
        (&["runc", "--mirror", "x.y", "--mir"], &["--mirror"]),
        (
            &["runc", "-qj", "2", "--ver"],
            &["--verify-run", "--verbose"],
        ),
    ] {
        assert_eq!(completed(&workplace, words), expected, "{words:?}");
    }
}

#[test]
fn bash_completes_tags_in_their_order() {
    let workplace = Workplace::new();
    let expected = ["v1.0.0-rc1", "v1.0.0-rc10"];
    for words in [
        &["runc", "--tag", "v1.0.0-rc1"][..],
        &["runc", "--version", "v1.0.0-rc1"],
        &["runc", "--tag", "=", "v1.0.0-rc1"],
        &["plan", "runc", "-q", "--tag", "v1.0.0-rc1"],
    ] {
        assert_eq!(completed(&workplace, words), expected, "{words:?}");
    }
    let all = completed(&workplace, &["runc", "--tag", "v1.0.0-rc"]);
    let place = |tag: &str| all.iter().position(|known| known == tag);
    assert!(place("v1.0.0-rc9") < place("v1.0.0-rc10"), "{all:?}");
    // A shell that does not break words at the sign.
    workplace
        .run(&["complete", "--", "runc", "--tag=v1.0.0-rc10"])
        .code(0)
        .prints("--tag=v1.0.0-rc10\t\n");
    assert_eq!(
        completed(&workplace, &["kubelet", "--target", "kubea"]),
        ["kubeadm"]
    );
    assert_eq!(completed(&workplace, &["runc", "--arch", "ar"]), ["arm64"]);
    // Of a recipe only the images that it has.
    assert_eq!(
        completed(&workplace, &["kubelet", "--image", ""]),
        ["registry", "debian"]
    );
}

#[test]
fn bash_completes_the_targets_of_a_release_file() {
    let workplace = Workplace::new();
    let entry = "{recipe: runc, versions: [v1.0.0-rc9, v1.0.0-rc10], arch: [amd64]}";
    workplace.write("release.yaml", &format!("format: 1\ntargets: [{entry}]\n"));
    workplace.write(
        "other.yaml",
        "format: 1\ntargets: [{recipe: runc-debian}]\n",
    );
    assert_eq!(
        completed(&workplace, &["release", "--only", ""]),
        [
            "runc/*",
            "runc/v1.0.0-rc9/linux-amd64",
            "runc/v1.0.0-rc10/linux-amd64"
        ]
    );
    assert_eq!(
        completed(
            &workplace,
            &["release", "other.yaml", "--only", "runc-debian/"]
        ),
        ["runc-debian/*", "runc-debian/v1.0.0-rc93/linux-*"]
    );
    // Its own recipes are beside it.
    let recipe = workplace.run(&["recipes", "show", "runc-debian"]).code(0);
    let recipe = recipe.stdout.replace("runc-debian", "mine");
    workplace.write("recipes/mine.yaml", &recipe);
    workplace.write("own.yaml", "format: 1\ntargets: [{recipe: mine}]\n");
    assert_eq!(
        completed(&workplace, &["release", "own.yaml", "--only", ""]),
        ["mine/*", "mine/v1.0.0-rc93/linux-*"]
    );
}

#[test]
fn bash_completes_files_where_files_are_meant() {
    let workplace = Workplace::new();
    workplace.write("some dir/file", "");
    assert_eq!(completed(&workplace, &["verify", "so"]), ["some dir"]);
    assert_eq!(
        completed(&workplace, &["runc", "--image-archive", "some dir/"]),
        ["some dir/file"]
    );
    assert_eq!(
        completed(&workplace, &["runc", "--output", "so"]),
        ["some dir"]
    );
    assert_eq!(completed(&workplace, &["man", "some dir/"]), [""; 0]);
}

#[test]
fn recipes_of_the_users_own_are_completed_too() {
    let workplace = Workplace::new();
    workplace.write("config/recipes/mytool.yaml", "not looked into");
    workplace.write("own/other.yaml", "nor this");
    assert_eq!(completed(&workplace, &["myt"]), ["mytool"]);
    assert_eq!(
        completed(&workplace, &["--recipe-dir", "own", "oth"]),
        ["other"]
    );
    // It cannot be read, so nothing is known of it but that it is a recipe.
    assert_eq!(completed(&workplace, &["mytool", "--tag", ""]), [""; 0]);
    assert_eq!(completed(&workplace, &["mytool", "--stat"]), ["--static"]);
}

#[test]
fn completing_is_silent_whatever_is_wrong() {
    let workplace = Workplace::new();
    workplace.write("config/config.yaml", "format: [");
    workplace.write("release.yaml", "format: [");
    workplace.write("cache/results/x", "");
    for words in [
        &["release", "--only", ""][..],
        &["--recipe-dir", "nowhere", "ru"],
        &["--nothing", "ru"],
        &["cache", "show", ""],
        &["runc", "--tag", "\u{1b}[2J"],
        &["runc", "="],
        &[""],
    ] {
        let words = [&["complete", "--"], words].concat();
        let finished = workplace.run(&words).code(0);
        assert_eq!(finished.stderr, "", "{words:?}");
    }
    // No engine and no network are asked for it.
    let mut command = workplace.command(&["complete", "--", "cache", "show", ""]);
    command.env("DOCKER_HOST", "tcp://192.0.2.1:1");
    let output = command.output().expect("it runs");
    assert!(output.status.success() && output.stderr.is_empty());
}

#[test]
fn every_shell_gets_a_script_and_an_unknown_one_is_refused() {
    let workplace = Workplace::new();
    for (shell, part) in [
        ("bash", "complete -F _kmembuild kmembuild"),
        ("zsh", "#compdef kmembuild"),
        ("fish", "complete -c kmembuild"),
        // These have all words in their scripts.
        ("elvish", "runc-debian"),
        ("powershell", "runc-debian"),
    ] {
        let script = workplace.run(&["completions", shell]).code(0).prints(part);
        assert_eq!(script.stderr, "");
    }
    workplace
        .run(&["completions", "csh"])
        .code(2)
        .says("invalid value 'csh'");
}
