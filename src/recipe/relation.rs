//! Relations between packages.

use std::str::FromStr;

use schemars::JsonSchema;

use super::written_as_text::written_as_text;

/// Name of another package, optionally with the versions that are meant, such as `iptables >= 1.4.21`. `<`, `=` and
/// `>=` are available.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub struct Relation {
    /// Its name.
    pub name: String,
    /// The versions that are meant; all by default.
    pub versions: Option<(Comparison, String)>,
}

/// How a version must compare to the one in the relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// It is lower.
    Less,
    /// It is the same.
    Equal,
    /// It is the same or higher.
    AtLeast,
}

impl FromStr for Relation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse =
            || format!("{text:?} is not a package; write it like socat or iptables >= 1.4.21");
        let words: Vec<_> = text.split_whitespace().collect();
        let (name, versions) = match words.as_slice() {
            [name] => (name, None),
            [name, comparison, version] => {
                let comparison = match *comparison {
                    "<" => Comparison::Less,
                    "=" => Comparison::Equal,
                    ">=" => Comparison::AtLeast,
                    _ => return Err(refuse()),
                };
                (name, Some((comparison, (*version).to_owned())))
            }
            _ => return Err(refuse()),
        };
        // Characters that both package managers accept and that have no meaning in their syntax for relations.
        let allowed = |c: char| c.is_ascii_alphanumeric() || "+-._~:".contains(c);
        let well_formed = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.chars().all(allowed)
        };
        if well_formed(name) && versions.iter().all(|(_, version)| well_formed(version)) {
            let name = (*name).to_owned();
            Ok(Self { name, versions })
        } else {
            Err(refuse())
        }
    }
}

written_as_text!(Relation);
