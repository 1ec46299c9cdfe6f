//! Texts with `{{name}}` in them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_saphyr::{Location, Spanned};

/// A text in which `{{name}}` stands for a value; a value's name is lower-case letters, digits and `_`.
#[derive(Debug, Clone)]
pub struct Template {
    pieces: Vec<Piece>,
    /// Where it stands in the recipe.
    pub(crate) location: Location,
}

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Value(String),
}

impl Template {
    /// Names of the values in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The text with each value put in, or `None` when one of them is unset.
    pub fn expand(&self, values: &BTreeMap<String, String>) -> Option<String> {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(text.as_str()),
                Piece::Value(name) => values.get(name).map(String::as_str),
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
            .ok_or_else(|| format!("{text:?} opens {{{{ and does not close it"))?;
        let name = after[2..end].trim();
        if name.is_empty()
            || !name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        {
            return Err(format!(
                "{name:?} is not a name of a value: lower-case letters, digits and '_'"
            ));
        }
        pieces.push(Piece::Value(name.to_owned()));
        rest = &after[end + 2..];
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
