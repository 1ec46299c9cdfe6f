//! Text of others, made harmless for whoever reads it: a terminal, the log of a CI system that takes lines for commands, and
//! the forms in which it is written for programs and browsers.

use std::borrow::Cow;
use std::fmt::Write as _;

/// What stands in the place of a character that is not shown.
pub const REPLACEMENT: char = '\u{fffd}';

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

/// A JSON text that means the same and has nothing in it that acts when it is shown or logged: within its strings, which are
/// the only place for such characters, they are written as escapes.
pub fn harmless_json(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) && !text.contains("##[") {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped.replace("##[", "##\\u005b"))
}

/// `text` as a text in HTML, also in an attribute, on one line and without what changes the order of reading.
pub fn harmless_html(text: &str) -> String {
    let text = harmless(text).replace('&', "&amp;");
    let text = text.replace('<', "&lt;").replace('>', "&gt;");
    let text = text.replace('"', "&quot;").replace('\'', "&#39;");
    text.replace(['\n', '\t'], " ")
}

/// `text` as the text of a cell of a table in Markdown: no markup, no links, no images, nobody that is mentioned.
pub fn harmless_markdown(text: &str) -> String {
    let text = harmless(text).replace('\\', "\\\\");
    let text = text.replace('|', "\\|");
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let text = text.replace('[', "\\[").replace('`', "\\`");
    // Addresses become links without any markup, and names behind this sign are called.
    let text = text.replace("://", "&#58;//").replace("www.", "www&#46;");
    let text = text.replace('@', "&#64;");
    text.replace('\n', "<br>")
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
