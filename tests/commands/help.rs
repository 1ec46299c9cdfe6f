//! Help where people look: completions in their shell, and the manual.

use std::fs;
use std::process::Command;

use crate::support::command::Workplace;
use crate::support::preflight::installed;

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
    let output = Command::new("bash")
        .args([
            "--norc",
            "-c",
            ask,
            "bash",
            &file.display().to_string(),
            "kmembuild",
        ])
        .args(words)
        .output()
        .expect("bash is needed by this test");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_recipes_options_and_values() {
    let workplace = Workplace::new();
    assert_eq!(completed(&workplace, &["ver"]), ["verify"]);
    assert_eq!(completed(&workplace, &["runc"]), ["runc", "runc-debian"]);
    assert_eq!(
        completed(&workplace, &["kubelet", "--low"]),
        ["--low-memory"]
    );
    assert_eq!(completed(&workplace, &["runc", "--image", "le"]), ["lean"]);
    assert_eq!(completed(&workplace, &["plan", "kub"]), ["kubelet"]);
    assert_eq!(completed(&workplace, &["recipes", "ex"]), ["export"]);
    assert_eq!(completed(&workplace, &["runc", "--rec"]), ["--recipe-dir"]);
}

#[test]
fn recipes_of_the_users_own_are_completed_too() {
    let workplace = Workplace::new();
    workplace.write("config/recipes/mytool.yaml", "not looked into");
    assert_eq!(completed(&workplace, &["myt"]), ["mytool"]);
}

#[test]
fn every_shell_gets_a_script_and_an_unknown_one_is_refused() {
    let workplace = Workplace::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = workplace
            .run(&["completions", shell])
            .code(0)
            .prints("runc-debian");
        assert_eq!(script.stderr, "");
    }
    workplace
        .run(&["completions", "csh"])
        .code(2)
        .says("invalid value 'csh'");
}

#[test]
fn the_manual_is_read_without_warnings() {
    let workplace = Workplace::new();
    let written = workplace.run(&["man", "manual"]).code(0).stdout;
    let pages: Vec<_> = written.lines().collect();
    for page in [
        "kmembuild.1",
        "kmembuild-runc.1",
        "kmembuild-recipes-show.1",
    ] {
        let path = format!("manual/{page}");
        assert!(
            pages.contains(&path.as_str()),
            "{page} is not in\n{written}"
        );
    }
    let files = fs::read_dir(workplace.path().join("manual")).expect("a folder");
    assert_eq!(files.count(), pages.len());
    for page in pages {
        let output = installed("groff")
            .args(["-man", "-Tutf8", "-ww", "-z", page])
            .current_dir(workplace.path())
            .output()
            .expect("groff is needed by this test");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{page}: {said}");
    }
    let output = installed("groff")
        .args(["-man", "-Tascii", "-P-cbou", "manual/kmembuild-runc.1"])
        .current_dir(workplace.path())
        .output()
        .expect("groff is needed by this test");
    let text = String::from_utf8_lossy(&output.stdout);
    // Lines are filled with spaces.
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ");
    assert!(text.contains("--image-archive"), "{text}");
    assert!(text.contains("Build with the recipe runc"), "{text}");
}

#[test]
fn a_manual_that_cannot_be_written_is_a_failure() {
    let workplace = Workplace::new();
    workplace.write("manual", "in the way");
    workplace
        .run(&["man", "manual"])
        .code(15)
        .says("could not write the manual to manual: ");
}
