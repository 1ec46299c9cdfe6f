//! Text of others, made harmless for whoever reads it: a terminal, and the log of a CI system that takes lines for commands.

use std::borrow::Cow;

/// What stands in the place of a character that is not shown.
const REPLACEMENT: char = '\u{fffd}';

/// `text` without what controls a terminal or changes the order in which it is read, and with no line that a CI system would
/// carry out. Line breaks and tabs stay.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) && !text.contains("::") && !text.contains("##[") {
        return Cow::Borrowed(text);
    }
    let text = text.replace(is_harmful, &REPLACEMENT.to_string());
    // `##[command]` counts anywhere in a line for GitHub and Azure, `::command::` at its beginning.
    let text = text.replace("##[", "##\u{fffd}[");
    let lines = text.split_inclusive('\n').map(|line| {
        let words = line.trim_start();
        if words.starts_with("::") {
            let indent = &line[..line.len() - words.len()];
            Cow::Owned(format!("{indent}{REPLACEMENT}{words}"))
        } else {
            Cow::Borrowed(line)
        }
    });
    Cow::Owned(lines.collect())
}

/// Control characters, among them those that begin an escape sequence in one byte, and marks of direction, by which a text
/// reads as another one.
fn is_harmful(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{061c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => true,
        _ => c.is_control(),
    }
}
