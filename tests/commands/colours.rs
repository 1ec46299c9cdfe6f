//! Colours, characters and widths, by options, environment and where the output goes.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::command::{Finished, Workplace};
use crate::support::preflight::installed;

/// The error on standard error, and a verdict on standard output: there is no program that is checked.
const NOT_SHOWN: [&str; 3] = ["verify", "text", "--no-run"];

const RED: &str = "\u{1b}[31m";
const CODE: char = '\u{1b}';

fn place() -> Workplace {
    let workplace = Workplace::new();
    workplace.write("text", "no program\n");
    workplace
}

fn run(workplace: &Workplace, words: &[&str], variables: &[(&str, &str)]) -> Finished {
    let mut command = workplace.command(words);
    let output = command.envs(variables.iter().copied()).output();
    output.expect("the command starts").into()
}

/// Runs a line of a shell on a terminal; what came there.
fn on_a_terminal(workplace: &Workplace, line: &str) -> String {
    let line = format!("stty cols 80 rows 24; {line}");
    installed("script");
    let mut script = workplace.set_up(Command::new("script"), &["-qec", &line, "/dev/null"]);
    let output = script.env("TERM", "xterm").stdin(Stdio::null()).output();
    Finished::from(output.expect("script starts")).stdout
}

fn recording(name: &str) -> String {
    format!(
        "{}/tests/fixtures/kmem/{name}.csv",
        env!("CARGO_MANIFEST_DIR")
    )
}

#[test]
fn who_decides_about_colours_in_a_pipe() {
    let workplace = place();
    let force = ("CLICOLOR_FORCE", "1");
    for (option, variables, is_coloured) in [
        (None, &[][..], false),
        (Some("auto"), &[], false),
        (Some("always"), &[], true),
        (Some("always"), &[("NO_COLOR", "1")], true),
        (None, &[force], true),
        (None, &[("CLICOLOR_FORCE", "0")], false),
        (None, &[("NO_COLOR", "1"), force], false),
        (None, &[("NO_COLOR", ""), force], true),
        (Some("never"), &[force], false),
    ] {
        let option = option.map(|when| ["--color", when]);
        let words: Vec<_> = option.iter().flatten().copied().chain(NOT_SHOWN).collect();
        let finished = run(&workplace, &words, variables).code(16);
        for stream in [&finished.stdout, &finished.stderr] {
            assert_eq!(stream.contains(RED), is_coloured, "{words:?}: {stream}");
            assert_eq!(stream.contains(CODE), is_coloured, "{words:?}: {stream}");
        }
    }
    run(&workplace, &["--color", "pink", "verify", "text"], &[])
        .code(2)
        .says("[possible values: auto, always, never]");
}

#[test]
fn each_stream_is_looked_at_by_itself() {
    let workplace = place();
    let program = env!("CARGO_BIN_EXE_kmembuild");
    let line = |more: &str| format!("{program} verify text --no-run {more}");
    let path = workplace.path().join("file");
    let shown = on_a_terminal(&workplace, &line(">file"));
    let file = fs::read_to_string(&path).expect("what was printed");
    assert!(shown.contains(RED) && !file.contains(CODE), "{shown}{file}");
    let shown = on_a_terminal(&workplace, &line("2>file"));
    let file = fs::read_to_string(&path).expect("what was said");
    assert!(shown.contains(RED) && !file.contains(CODE), "{shown}{file}");
    for quiet in ["TERM=dumb", "NO_COLOR=1"] {
        let shown = on_a_terminal(&workplace, &format!("{quiet} {}", line("")));
        assert!(shown.contains("FAILED") && !shown.contains(CODE), "{shown}");
    }
}

#[test]
fn what_programs_read_never_has_colours() {
    let workplace = place();
    let slow = recording("slow");
    for words in [
        &["verify", "text", "--no-run", "--format", "json"][..],
        &["recipes", "list", "--format", "json"],
        &["recipes", "show", "runc"],
        &["recipes", "--schema"],
        &["kmem", "report", &slow, "--format", "json"],
        &["kmem", "report", &slow, "--format", "prometheus"],
        &["completions", "bash"],
        &["completions", "powershell"],
        &["cache", "list", "--format", "json"],
        &["complete", "--", "ver"],
    ] {
        let words = [&["--color", "always"], words].concat();
        let finished = run(&workplace, &words, &[]);
        assert!(!finished.stdout.is_empty(), "{words:?}");
        assert!(!finished.stdout.contains(CODE), "{}", finished.stdout);
    }
    // Nor what is written.
    let page = ["kmem", "report", &slow, "--html", "page.html"];
    run(
        &workplace,
        &[&["--color", "always"][..], &page].concat(),
        &[],
    )
    .code(0);
    let page = fs::read_to_string(workplace.path().join("page.html"));
    assert!(!page.expect("a page").contains(CODE));
}

#[test]
fn help_and_wrong_words_follow_the_same_choice() {
    let workplace = place();
    for words in [&["--help"][..], &["runc", "--help"], &["help", "verify"]] {
        let plain = run(&workplace, words, &[]).code(0).stdout;
        assert!(!plain.contains(CODE), "{plain}");
        let words = [&["--color=always"], words].concat();
        let coloured = run(&workplace, &words, &[]).code(0).stdout;
        assert!(coloured.contains(CODE), "{coloured}");
        assert_eq!(console::strip_ansi_codes(&coloured), plain);
    }
    for words in [&["doctr"][..], &["doctor", "--jason"], &["runc", "--jason"]] {
        let words = [words, &["--color", "always"]].concat();
        run(&workplace, &words, &[])
            .code(2)
            .says("\u{1b}[31m\u{1b}[1merror:\u{1b}[0m ");
    }
}

#[test]
fn codes_in_a_name_do_nothing_among_colours() {
    let workplace = place();
    let name = "a\u{1b}[32mok\u{1b}[2J";
    workplace.write(name, "no program\n");
    let finished = run(&workplace, &["--color", "always", "verify", name], &[]);
    let finished = finished.code(16);
    for stream in [&finished.stdout, &finished.stderr] {
        assert!(stream.contains("a\u{fffd}[32mok\u{fffd}[2J"), "{stream}");
        assert!(!stream.contains("\u{1b}[2J"), "{stream}");
    }
}

#[test]
fn in_a_pipe_messages_and_tables_follow_columns() {
    let workplace = place();
    let longest = |text: &str| text.lines().map(str::len).max().unwrap_or_default();
    let plain = run(&workplace, &["no-such-recipe"], &[]).code(2);
    assert!(longest(&plain.stderr) > 80, "{}", plain.stderr);
    for columns in ["60", "40"] {
        let width = columns.parse().expect("a number");
        let columns = [("COLUMNS", columns)];
        let narrow = run(&workplace, &["no-such-recipe"], &columns).code(2);
        assert!(longest(&narrow.stderr) <= width, "{}", narrow.stderr);
        // The same words, and the commands among them are whole.
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&narrow.stderr), words(&plain.stderr));
        assert!(narrow.stderr.contains("`kmembuild recipes list`"));
        let listed = run(&workplace, &["recipes", "list"], &columns).code(0);
        assert!(longest(&listed.stdout) <= width, "{}", listed.stdout);
    }
    // What is no width is none.
    for columns in ["0", "wide", "-5"] {
        let same = run(&workplace, &["no-such-recipe"], &[("COLUMNS", columns)]);
        assert_eq!(same.stderr, plain.stderr);
    }
}

#[test]
fn only_characters_of_ascii_are_drawn_where_the_locale_has_no_others() {
    let workplace = place();
    let fast = recording("fast");
    let words = ["kmem", "report", &fast];
    for (variables, is_ascii) in [
        (&[("LC_ALL", "C.UTF-8")][..], false),
        (&[("LC_ALL", ""), ("LANG", "en_US.utf8")], false),
        (
            &[("LC_ALL", ""), ("LC_CTYPE", "C"), ("LANG", "en_US.UTF-8")],
            true,
        ),
        (&[("LC_ALL", "de_DE.ISO-8859-1")], true),
        (&[("LC_ALL", "")], true),
    ] {
        let printed = run(&workplace, &words, variables).code(0).stdout;
        assert_eq!(printed.is_ascii(), is_ascii, "{variables:?}: {printed}");
        let sign = if is_ascii { "(+/-320)" } else { "(\u{b1}320)" };
        assert!(printed.contains(sign), "{printed}");
    }
    // What programs read is the same everywhere.
    let json = [&words[..], &["--format", "json"]].concat();
    let [one, other] = ["C", "C.UTF-8"].map(|locale| {
        let variables = [("LC_ALL", locale)];
        run(&workplace, &json, &variables).code(0).stdout
    });
    assert_eq!(one, other);
    // And names of others are what they are.
    workplace.write("\u{e4}", "no program\n");
    let verify = ["verify", "\u{e4}"];
    run(&workplace, &verify, &[("LC_ALL", "C")])
        .code(16)
        .prints("\u{e4}");
}
