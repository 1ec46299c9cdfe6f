//! Flags for the Go commands.

use std::str::FromStr;

use schemars::JsonSchema;

use super::written_as_text::written_as_text;

/// Flags for the Go commands, with single spaces between them.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub struct GoFlags(
    /// The flags.
    pub String,
);

impl FromStr for GoFlags {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let flags: Vec<_> = text.split_whitespace().collect();
        if flags.is_empty() {
            return Err("no flag was found".to_owned());
        }
        for flag in &flags {
            let name = flag.trim_start_matches('-');
            if name.len() == flag.len() || name.is_empty() {
                return Err(format!(
                    "{flag:?} is not a flag; write a flag and its value as one word, like -p=2"
                ));
            }
            // A second list of tags would silently replace the recipe's list, or be replaced by it.
            if name.split('=').next() == Some("tags") {
                return Err(
                    "-tags is not allowed, because the recipe sets the build tags that turn accounting off; to change them, export and edit the recipe"
                        .to_owned(),
                );
            }
        }
        Ok(Self(flags.join(" ")))
    }
}

written_as_text!(GoFlags);
