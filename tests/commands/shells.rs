//! What the real zsh and the real fish complete.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::support::command::Workplace;

/// The tool comes first on the PATH.
fn path() -> OsString {
    let program = Path::new(env!("CARGO_BIN_EXE_kmembuild"));
    let own = program.parent().expect("a directory").to_owned();
    let places = env::var_os("PATH").unwrap_or_default();
    env::join_paths([own].into_iter().chain(env::split_paths(&places))).expect("a path")
}

/// What a shell prints that runs `script` with these arguments.
fn printed(workplace: &Workplace, shell: &str, script: &Path, arguments: &[&str]) -> String {
    let script = script.display().to_string();
    let arguments: Vec<_> = [script.as_str()].iter().chain(arguments).copied().collect();
    let mut command = workplace.set_up(Command::new(shell), &arguments);
    let output = command
        .env("PATH", path())
        .env("TERM", "dumb")
        .env("HOME", workplace.path())
        .output();
    let output = output.expect("the shell starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The tool in the home directory, where a shell finds it by a tilde.
fn in_the_home_directory(workplace: &Workplace) {
    let link = workplace.path().join("kmembuild");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kmembuild"), link).expect("a link");
}

/// Asks a fish what it completes each of its arguments to.
const FISH: &str = r#"source kmembuild.fish
for line in $argv
    echo "> $line"
    complete -C "$line"
end
"#;

#[test]
fn fish_completes_words_with_their_meanings_and_files() {
    let workplace = Workplace::new();
    let script = workplace.run(&["completions", "fish"]).code(0).stdout;
    workplace.write("kmembuild.fish", &script);
    workplace.write("some dir/file", "");
    in_the_home_directory(&workplace);
    let ask = workplace.write("ask.fish", FISH);
    let lines = [
        "kmembuild runc --tag v1.0.0-rc1",
        "kmembuild kmem stat",
        "kmembuild runc --output so",
        "kmembuild verify so",
        "kmembuild cache list --format ",
        "~/kmembuild public",
    ];
    let shown = printed(&workplace, "fish", &ask, &lines);
    assert_eq!(
        shown.replace('\t', " | "),
        "> kmembuild runc --tag v1.0.0-rc1\n\
         v1.0.0-rc1\n\
         v1.0.0-rc10\n\
         > kmembuild kmem stat\n\
         status | Show whether the cgroups of kubelet and of containers have k\n\
         > kmembuild runc --output so\n\
         some dir/ | Directory\n\
         > kmembuild verify so\n\
         some dir/\n\
         > kmembuild cache list --format \n\
         text | For people\n\
         json | One JSON document, or one for each event, each on one line\n\
         > ~/kmembuild public\n\
         public-key | Print the public key for a private key that signs releases, \n"
    );
}

/// Types each of its arguments and the tab key into a zsh on a terminal of its own, and prints the line that comes of it,
/// and below it what was listed.
const ZSH: &str = r#"zmodload zsh/zpty
read_to() { local piece; zpty -r -m z piece "*$1*"; seen=$piece }
zpty z zsh -f -i
zpty -w z 'source setup.zsh'
read_to 'READY'
for line in "$@"; do
    zpty -w -n z "$line"$'\t\C-xs'
    read_to '<END>'
    print -r -- "$seen"
done
zpty -d z
"#;

/// What that zsh is like.
const ZSH_SETUP: &str = r#"PS1= RPS1= PROMPT_EOL_MARK=
autoload -Uz compinit
compinit -u -D
source kmembuild.zsh
show() { print -r -- "<LINE>$BUFFER<END>"; BUFFER=; zle redisplay }
zle -N show
bindkey '^Xs' show
setopt AUTO_LIST NO_LIST_BEEP NO_BEEP
print READ''Y
"#;

#[test]
fn zsh_completes_words_with_their_meanings_and_files() {
    let workplace = Workplace::new();
    let script = workplace.run(&["completions", "zsh"]).code(0).stdout;
    workplace.write("kmembuild.zsh", &script);
    workplace.write("setup.zsh", ZSH_SETUP);
    workplace.write("some dir/file", "");
    in_the_home_directory(&workplace);
    let ask = workplace.write("ask.zsh", ZSH);
    let completed = |line: &str| {
        let shown = printed(&workplace, "zsh", &ask, &[line]);
        let (before, rest) = shown.split_once("<LINE>").expect("a line");
        let (line, _) = rest.split_once("<END>").expect("its end");
        (before.to_owned(), line.to_owned())
    };
    for (typed, line) in [
        ("kmembuild pub", "kmembuild public-key "),
        ("kmembuild runc --outp", "kmembuild runc --output "),
        (
            "kmembuild runc --output so",
            "kmembuild runc --output some\\ dir/",
        ),
        (
            "kmembuild verify some\\ dir/f",
            "kmembuild verify some\\ dir/file ",
        ),
        (
            "kmembuild runc --tag v1.0.0-rc9",
            "kmembuild runc --tag v1.0.0-rc9",
        ),
        ("~/kmembuild pub", "~/kmembuild public-key "),
    ] {
        assert_eq!(completed(typed).1.trim_end(), line.trim_end(), "{typed}");
    }
    let (listed, _) = completed("kmembuild kmem ");
    assert!(
        listed.contains("exhaust  -- Provoke the error of the leak"),
        "{listed}"
    );
    // Without a meaning there is no dash.
    let (listed, _) = completed("kmembuild runc --tag v1.0.0-rc1");
    assert!(listed.contains("v1.0.0-rc1   v1.0.0-rc10"), "{listed}");
    assert!(!listed.contains("-- "), "{listed}");
}
