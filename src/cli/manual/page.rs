//! One manual page.

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use super::synopsis::synopsis;
use crate::cli::args::unmarked;
use crate::environment::VARIABLES;
use crate::failure::EXIT_CODES;

/// The files that the tool reads and writes, with their meanings, in Markdown.
pub const FILES: [(&str, &str); 7] = [
    (
        "~/.config/kmembuild/config.yaml",
        "mirrors, and the size of the cache",
    ),
    (
        "~/.config/kmembuild/recipes/",
        "your own recipes, with their patches in `patches/`",
    ),
    (
        "~/.cache/kmembuild/",
        "sources, results and locks; all of it can be fetched or made again",
    ),
    ("release.yaml", "the release file, where none is named"),
    (
        "kmembuild.lock",
        "the inputs of a release, beside the release file",
    ),
    (
        "dist/RECIPE/VERSION/PLATFORM/",
        "a result: the binaries, `manifest.json`, `plan.json`, `SHA256SUMS`, `build.log` and more",
    ),
    (
        "dist/RECIPE/VERSION/PLATFORM.failed/",
        "the log of a build that failed",
    ),
];

/// The pages of a command and of those below it, each with its name.
pub(crate) fn pages(command: &Command) -> Vec<(String, Vec<u8>)> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let mut pages = vec![(name.to_owned(), page(command, name))];
    for below in command.get_subcommands() {
        if below.get_name() != "help" && !below.is_hide_set() {
            pages.extend(self::pages(below));
        }
    }
    pages
}

fn page(command: &Command, name: &str) -> Vec<u8> {
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .source(format!("kmembuild {}", env!("CARGO_PKG_VERSION")))
        .manual("kmembuild");
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    let _ = man.render_title(&mut text);
    let _ = man.render_name_section(&mut text);
    text.extend(synopsis(command).to_roff().into_bytes());
    let _ = man.render_description_section(&mut text);
    let _ = man.render_options_section(&mut text);
    if command.get_subcommands().any(|below| !below.is_hide_set()) {
        let _ = man.render_subcommands_section(&mut text);
    }
    text.extend(common_sections(command).to_roff().into_bytes());
    text
}

/// What no option says: exit codes, variables, files, examples.
fn common_sections(command: &Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in EXIT_CODES {
        entry(&mut roff, &code.to_string(), meaning);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (name, meaning) in VARIABLES {
        entry(&mut roff, name, meaning);
    }
    roff.control("SH", ["FILES"]);
    for (path, meaning) in FILES {
        roff.control("TP", []);
        roff.text([italic(path)]);
        roff.text([roman(unmarked(meaning))]);
    }
    let examples = examples(command);
    if !examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]);
        for example in examples {
            roff.control("PP", []);
            roff.text([bold(example)]);
        }
    }
    roff
}

fn entry(roff: &mut Roff, name: &str, meaning: &str) {
    roff.control("TP", []);
    roff.text([bold(name)]);
    roff.text([roman(unmarked(meaning))]);
}

/// The examples with which the help of the command begins.
fn examples(command: &Command) -> Vec<String> {
    let text = command.get_before_help().map(ToString::to_string);
    let text = text.unwrap_or_default();
    let lines = text.lines().map(|line| {
        let line = line.strip_prefix("Example:").unwrap_or(line);
        line.strip_prefix("Examples:").unwrap_or(line).trim()
    });
    let lines = lines.filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}
