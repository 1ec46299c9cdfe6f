//! Texts that contain `{{name}}`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_saphyr::{Location, Spanned};

/// Text in which `{{name}}` stands for a value. A text that is only `{{name...}}` stands for the words of the value, and
/// becomes one argument for each word.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(with = "String")]
pub struct Template {
    pieces: Vec<Piece>,
    /// Its place in the recipe.
    pub(crate) location: Location,
}

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Value(String),
    Words(String),
}

impl Template {
    /// Names of the values in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(name) | Piece::Words(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// Whether it stands for the words of a value. Only an argument of a command can.
    pub fn is_words(&self) -> bool {
        matches!(self.pieces.as_slice(), [Piece::Words(_)])
    }

    /// The last part of it as a path; `None` if that part contains a value.
    pub fn file_name(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Text(only)] => only.rsplit('/').next(),
            [.., Piece::Text(last)] => last.rsplit_once('/').map(|(_, name)| name),
            _ => None,
        }
        .filter(|name| !name.is_empty())
    }

    /// The text with `x` for every value, to check its form.
    pub fn form(&self) -> String {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Value(_) | Piece::Words(_) => "x",
            })
            .collect()
    }

    /// The arguments that it stands for: one, or one for each word. `None` if a value in it is unset.
    pub fn expand_words(&self, values: &BTreeMap<String, String>) -> Option<Vec<String>> {
        let text = self.expand(values)?;
        Some(if self.is_words() {
            text.split_whitespace().map(str::to_owned).collect()
        } else {
            vec![text]
        })
    }

    /// The text with the values filled in; `None` if one of them is unset.
    pub fn expand(&self, values: &BTreeMap<String, String>) -> Option<String> {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(text.as_str()),
                Piece::Value(name) | Piece::Words(name) => values.get(name).map(String::as_str),
            })
            .collect()
    }
}

fn parse(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let (before, after) = rest.split_at(start);
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let end = after
            .find("}}")
            .ok_or_else(|| format!("{text:?} has {{{{ without }}}}"))?;
        let (name, words) = match after[2..end].trim().strip_suffix("...") {
            Some(name) => (name.trim_end(), true),
            None => (after[2..end].trim(), false),
        };
        if name.is_empty()
            || !name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        {
            return Err(format!(
                "{name:?} is not the name of a value; use lower-case letters, digits and '_'"
            ));
        }
        rest = &after[end + 2..];
        if words && (!pieces.is_empty() || !rest.is_empty()) {
            return Err(format!(
                "{{{{{name}...}}}} stands for several words, so it must be the whole argument, not a part of {text:?}"
            ));
        }
        pieces.push(if words {
            Piece::Words(name.to_owned())
        } else {
            Piece::Value(name.to_owned())
        });
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Spanned::<String>::deserialize(deserializer)?;
        let pieces = parse(&text.value).map_err(serde::de::Error::custom)?;
        Ok(Self {
            pieces,
            location: text.referenced,
        })
    }
}
