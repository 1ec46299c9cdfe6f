//! Regular expressions that select one text in a line.

use regex_lite::{Regex, RegexBuilder};
use schemars::JsonSchema;

use super::written_as_text::written_as_text;

/// Regular expression with exactly one group, such as `go version go([0-9.]+)`. The group is the text that is taken.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(with = "String")]
pub struct Pattern(Regex);

/// Most memory of an expression, in bytes, and the part of a text that is searched. Neither a recipe nor a source tree is
/// one's own, and the time of a search is the product of both.
const LARGEST: usize = 64 << 10;
const SEARCHED: usize = 1 << 20;

impl Pattern {
    /// The text of the capture group in the first line of `text` that matches, in its first mebibyte.
    pub fn find<'a>(&self, text: &'a str) -> Option<&'a str> {
        let text = &text[..text.floor_char_boundary(SEARCHED)];
        text.lines().find_map(|line| {
            let found = self.0.captures(line)?.get(1)?;
            Some(found.as_str())
        })
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl std::str::FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expression = RegexBuilder::new(text)
            .size_limit(LARGEST)
            .build()
            .map_err(|error| format!("{text:?} is not a valid regular expression: {error}"))?;
        // The whole match counts as a group, too.
        match expression.captures_len() {
            2 => Ok(Self(expression)),
            _ => Err(format!(
                "{text:?} must have exactly one capture group (...), which selects the text; use (?:...) for other groups"
            )),
        }
    }
}

written_as_text!(Pattern);
