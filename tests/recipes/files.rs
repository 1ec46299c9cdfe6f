//! Files that are hardly recipes at all.

use super::small::{SMALL, edited, refusal, workplace};
use crate::support::golden::assert_golden;

/// The name of a case and the bytes of the file.
type File = (&'static str, Vec<u8>);

fn assert_files(name: &str, files: Vec<File>) {
    let workplace = workplace();
    let mut said = String::new();
    for (case, bytes) in files {
        let refusal = refusal(&workplace, case, &bytes);
        assert!(
            refusal.len() < 4000,
            "{case}: {} bytes are said",
            refusal.len()
        );
        said += &format!("## {case}\n{refusal}\n");
    }
    assert_golden("recipes", name, &said);
}

/// Ten levels of ten references each: ten thousand million words when written out.
fn bomb() -> String {
    let mut text = "a0: &a0 [lol]\n".to_owned();
    for level in 1..=10 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        text += &format!("a{level}: &a{level} [{below}]\n");
    }
    text
}

/// A list of mirrors that would be ten thousand million letters long.
fn large_references() -> String {
    let letters = "a".repeat(1 << 20);
    let references = ", *a".repeat(10_000);
    edited(
        "images:\n",
        &format!("images:\n  mirrors: [&a {letters}{references}]\n"),
    )
}

#[test]
fn what_is_no_recipe_is_refused_with_a_reason() {
    assert_files(
        "files",
        vec![
            ("an empty file", Vec::new()),
            ("blank lines", b"\n\n".to_vec()),
            ("comments only", b"# nothing\n".to_vec()),
            ("a number", b"17\n".to_vec()),
            ("a list", b"- format: 1\n".to_vec()),
            ("prose", b"Dear tool, please build runc.\n".to_vec()),
            ("JSON that breaks off", b"{\"format\": 1,".to_vec()),
            ("a shell script", b"#!/bin/sh\nset -e\nmake: [\n".to_vec()),
            ("two documents", format!("{SMALL}---\n{SMALL}").into_bytes()),
            (
                "a tab for indenting",
                edited("  workdir: /src", "\tworkdir: /src").into_bytes(),
            ),
            (
                "lines that are out of line",
                edited("  workdir: /src", " workdir: /src").into_bytes(),
            ),
            ("an unclosed quote", edited("\"off\"", "\"off").into_bytes()),
            (
                "an unclosed list",
                edited("[--version]", "[--version").into_bytes(),
            ),
            (
                "an unknown alias",
                edited("a small recipe", "*nowhere").into_bytes(),
            ),
            (
                "an alias of itself",
                edited("a small recipe", "&a [*a]").into_bytes(),
            ),
            (
                "a tag of another language",
                edited("a small recipe", "!!python/object/apply:os.system [id]").into_bytes(),
            ),
            ("not UTF-8", b"format: 1\nname: \xff\xfe\n".to_vec()),
            (
                "UTF-16",
                "format: 1"
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect(),
            ),
            ("a zero byte", b"format: 1\nname: a\0b\n".to_vec()),
            (
                "an escape sequence of a terminal",
                edited("name: tool\n", "name: \"\\e[31mred\"\n").into_bytes(),
            ),
            (
                "a raw escape sequence in an unknown field",
                edited("name: tool\n", "name: tool\n\"\\e[31mred\": 1\n").into_bytes(),
            ),
        ],
    );
}

#[test]
fn files_that_are_made_to_be_large_cost_little() {
    assert_files(
        "bombs",
        vec![
            (
                "references to references",
                format!("{}{SMALL}", bomb()).into_bytes(),
            ),
            (
                "references to references where a list is expected",
                edited(
                    "urls: [https://git.example/tool.git]",
                    "urls: [&a [&b [x, x], *b, *b], *a]",
                )
                .into_bytes(),
            ),
            (
                "ten thousand references to a megabyte",
                large_references().into_bytes(),
            ),
            (
                "ten thousand open lists",
                format!("format: {}", "[".repeat(10_000)).into_bytes(),
            ),
            (
                "ten thousand nested maps",
                format!("format: {}", "{a: ".repeat(10_000)).into_bytes(),
            ),
            (
                "a line of a megabyte",
                format!("format: 1\nname: {}\n", "a".repeat(1 << 20)).into_bytes(),
            ),
            (
                "eight megabytes of fields",
                "x: 1\n".repeat(1 << 20).into_bytes(),
            ),
            (
                "a long unknown field",
                format!("format: 1\n{}: 1\n", "b".repeat(1 << 16)).into_bytes(),
            ),
        ],
    );
}

#[test]
fn line_ends_and_marks_of_other_systems_do_no_harm() {
    let workplace = workplace();
    for text in [SMALL.replace('\n', "\r\n"), format!("\u{feff}{SMALL}")] {
        workplace.write("tool.yaml", &text);
        workplace.run(&["recipes", "check", "tool.yaml"]).code(0);
    }
    let wrong = edited("workdir", "workdr").replace('\n', "\r\n");
    let said = refusal(&workplace, "CRLF", wrong.as_bytes());
    assert!(!said.contains('\r'), "{said:?}");
    assert!(
        said.contains("tool.yaml:32:3: unknown field `workdr`"),
        "{said}"
    );
}
