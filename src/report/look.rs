//! How text looks on the two streams of this process: in which colours, of which characters, how wide.

use std::sync::OnceLock;

use console::{Style, Term};

use super::text::{Run, Text, Tone};
use super::wrap::wrapped_message;
use crate::environment::{DisplayVariables, Environment};
use crate::harmless::{REPLACEMENT, harmless};

/// Width of tables in characters where nothing tells one: in a file, a pipe, the log of a CI job.
const WIDTH: u16 = 120;

/// The user's choice of colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ColourChoice {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// How text looks on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) colour: bool,
    /// Only characters of ASCII, as far as they are this tool's.
    pub(super) ascii: bool,
    /// The width of messages in columns; `None` if they are not broken.
    pub(super) wrap: Option<u16>,
}

/// Where nobody asked: for programs, and in tests.
const PLAIN: Look = Look {
    colour: false,
    ascii: false,
    wrap: None,
};

/// The looks of standard output and standard error. A stream is the same everywhere in a process.
static OUTPUT: OnceLock<Look> = OnceLock::new();
static ERRORS: OnceLock<Look> = OnceLock::new();

/// Decides for the whole process how text looks on standard output and standard error. Without it, and after the first
/// time, nothing changes.
pub fn settle_looks(environment: &Environment, choice: ColourChoice) {
    let display = environment.display;
    let of = |is_terminal: bool, term: &Term| Look {
        colour: is_coloured(choice, display, is_terminal),
        ascii: !display.utf8 || (is_terminal && display.console),
        wrap: columns(is_terminal.then_some(term), display.columns),
    };
    let output = *OUTPUT.get_or_init(|| of(environment.output_terminal, &Term::stdout()));
    let errors = *ERRORS.get_or_init(|| of(environment.error_terminal, &Term::stderr()));
    // What draws by itself follows.
    console::set_colors_enabled(output.colour);
    console::set_colors_enabled_stderr(errors.colour);
}

/// How wide tables on standard output are: as wide as its terminal, as `COLUMNS` says, or 120 characters.
pub fn output_width(environment: &Environment) -> u16 {
    let terminal = environment.output_terminal.then(Term::stdout);
    columns(terminal.as_ref(), environment.display.columns).unwrap_or(WIDTH)
}

/// How wide tables on standard error are.
pub(super) fn error_width() -> u16 {
    of_errors().wrap.unwrap_or(WIDTH)
}

fn is_coloured(choice: ColourChoice, display: DisplayVariables, is_terminal: bool) -> bool {
    match choice {
        ColourChoice::Always => true,
        ColourChoice::Never => false,
        ColourChoice::Auto if display.no_color => false,
        ColourChoice::Auto if display.clicolor_force => true,
        ColourChoice::Auto => is_terminal && !display.dumb,
    }
}

fn columns(terminal: Option<&Term>, variable: Option<u16>) -> Option<u16> {
    let size = terminal.and_then(Term::size_checked);
    // A terminal that does not know its size reports 0.
    let width = size.map(|(_, columns)| columns).filter(|&width| width > 0);
    width.or(variable)
}

/// The look of standard output.
pub(super) fn of_output() -> Look {
    OUTPUT.get().copied().unwrap_or(PLAIN)
}

/// The look of standard error.
pub(super) fn of_errors() -> Look {
    ERRORS.get().copied().unwrap_or(PLAIN)
}

/// Whether text is coloured on standard output.
pub fn is_output_coloured() -> bool {
    of_output().colour
}

/// Whether only characters of ASCII are drawn on standard error.
pub(super) fn draws_ascii() -> bool {
    of_errors().ascii
}

/// `text` as it is written where text looks like that; what others wrote in it is made harmless.
pub(super) fn rendered(text: &Text, look: Look) -> String {
    let mut written = String::new();
    for line in text.lines() {
        let lines = match look.wrap {
            Some(width) if line.iter().any(|run| run.wraps) => wrapped_message(&line, width.into()),
            _ => vec![line],
        };
        for line in lines {
            written += &rendered_line(&line, look);
            written.push('\n');
        }
    }
    if !text.ends_a_line() {
        written.pop();
    }
    written
}

/// A line. That the whole of it does nothing to a terminal or to a CI system is made sure of before there are colours in
/// it.
fn rendered_line(line: &[Run], look: Look) -> String {
    let whole: String = line.iter().map(|run| run.text.as_str()).collect();
    let parts: Vec<_> = line
        .iter()
        .map(|run| (run.tone, harmless(&run.text).into_owned()))
        .collect();
    let together: String = parts.iter().map(|(_, text)| text.as_str()).collect();
    let harmless_whole = harmless(&whole);
    let shown = if together == harmless_whole {
        parts
    } else {
        // Together they do what none of them does.
        vec![(Tone::Plain, harmless_whole.into_owned())]
    };
    let shown = shown.into_iter().map(|(tone, text)| {
        let text = if look.ascii { in_ascii(&text) } else { text };
        coloured(tone, &text, look)
    });
    shown.collect()
}

fn coloured(tone: Tone, text: &str, look: Look) -> String {
    let style = Style::new().force_styling(true);
    let style = match tone {
        tone if tone == Tone::Plain || !look.colour => return text.to_owned(),
        Tone::Plain => style,
        Tone::Good => style.green(),
        Tone::Caution => style.yellow(),
        Tone::Title => style.bold(),
        Tone::Bad | Tone::Error => style.red().bold(),
        Tone::Warning => style.yellow().bold(),
        Tone::Note => style.blue().bold(),
        Tone::Hint => style.cyan().bold(),
    };
    style.apply_to(text).to_string()
}

/// `text` without the characters beyond ASCII that this tool writes itself. Names of others stay as they are.
pub(super) fn in_ascii(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let text = text.replace('\u{b1}', "+/-").replace('\u{b7}', "-");
    let text = text.replace('\u{2026}', "...");
    let text = text.replace('\u{2502}', "|").replace('\u{2514}', "+");
    let text = text.replace(['\u{2500}', '\u{254c}'], "-");
    text.replace(REPLACEMENT, "?")
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLOURED: Look = Look {
        colour: true,
        ..PLAIN
    };

    #[test]
    fn only_the_parts_with_a_tone_are_coloured() {
        let text =
            Text::labelled(Tone::Error, "error:", "no") + "\n" + Text::toned(Tone::Good, "ok");
        assert_eq!(rendered(&text, PLAIN), "error: no\nok");
        assert_eq!(
            rendered(&text, COLOURED),
            "\u{1b}[31m\u{1b}[1merror:\u{1b}[0m no\n\u{1b}[32mok\u{1b}[0m"
        );
    }

    #[test]
    fn codes_of_others_are_removed_before_colours_are_added() {
        let text = Text::toned(Tone::Bad, "\u{1b}[32mok\u{1b}[0m");
        assert_eq!(
            rendered(&text, COLOURED),
            "\u{1b}[31m\u{1b}[1m\u{fffd}[32mok\u{fffd}[0m\u{1b}[0m"
        );
    }

    #[test]
    fn parts_that_are_a_command_of_a_ci_system_together_are_none() {
        let text = Text::from("a\n") + ":" + Text::toned(Tone::Good, ":error") + "::x";
        assert_eq!(rendered(&text, COLOURED), "a\n\u{fffd}::error::x");
        let text = Text::toned(Tone::Good, "##") + "[error]x";
        assert_eq!(rendered(&text, COLOURED), "##\u{fffd}[error]x");
        // Nor becomes one of what is broken into lines.
        let look = Look {
            wrap: Some(24),
            ..PLAIN
        };
        let text = Text::message("one two three four five ::error::x");
        assert_eq!(
            rendered(&text, look),
            "one two three four five\n  \u{fffd}::error::x"
        );
    }

    #[test]
    fn the_tools_own_characters_have_a_form_in_ascii() {
        let look = Look {
            ascii: true,
            ..PLAIN
        };
        let text = Text::from("3,000 (\u{b1}1) of \u{e4}\u{1b}[2J");
        assert_eq!(rendered(&text, look), "3,000 (+/-1) of \u{e4}?[2J");
    }

    #[test]
    fn who_decides_about_colours() {
        let none = DisplayVariables {
            no_color: false,
            clicolor_force: false,
            dumb: false,
            console: false,
            utf8: true,
            columns: None,
        };
        let no_color = DisplayVariables {
            no_color: true,
            clicolor_force: true,
            ..none
        };
        let force = DisplayVariables {
            clicolor_force: true,
            dumb: true,
            ..none
        };
        let dumb = DisplayVariables { dumb: true, ..none };
        for (choice, display, terminal, pipe) in [
            (ColourChoice::Auto, none, true, false),
            (ColourChoice::Auto, dumb, false, false),
            (ColourChoice::Auto, force, true, true),
            (ColourChoice::Auto, no_color, false, false),
            (ColourChoice::Always, no_color, true, true),
            (ColourChoice::Never, force, false, false),
        ] {
            let found = [true, false].map(|is| is_coloured(choice, display, is));
            assert_eq!(found, [terminal, pipe], "{choice:?} {display:?}");
        }
    }
}
