//! What the pages have in common.

use crate::harmless::harmless_html;

/// A text of several lines, which stay lines: [`harmless_html`] alone makes one of them.
pub(super) fn lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(harmless_html).collect();
    lines.join("\n")
}

/// The page `template` with the texts in their places, which it has in this order. What is in a text is not taken for a
/// place.
pub(super) fn filled(template: &str, texts: &[(&str, &str)]) -> String {
    let mut page = String::new();
    let mut rest = template;
    for (place, text) in texts {
        if let Some((before, after)) = rest.split_once(place) {
            page += before;
            page += text;
            rest = after;
        }
    }
    page + rest
}
