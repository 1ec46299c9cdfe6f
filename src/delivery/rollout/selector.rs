//! Labels of nodes.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Longest selector in bytes, and longest name and value of a label.
const LONGEST: usize = 4096;
const LONGEST_NAME: usize = 63;
const LONGEST_PREFIX: usize = 253;

/// A selector of labels as `kubectl get nodes -l` takes it, parsed: a plan needs its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

/// One requirement: a label, how it is compared, and with which values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
    pub(super) key: String,
    pub(super) operator: Operator,
    pub(super) values: Vec<String>,
}

/// How a label is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl Operator {
    /// Its name in the API of Kubernetes.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::In => "In",
            Self::NotIn => "NotIn",
            Self::Exists => "Exists",
            Self::DoesNotExist => "DoesNotExist",
        }
    }
}

/// A text that selects no labels.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{text:?} is not a selector of labels; write it like pool=old,zone in (a,b),!gpu, as for kubectl get nodes -l"
)]
pub struct InvalidSelector {
    text: String,
}

impl Selector {
    pub(super) fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.requirements.iter().map(|requirement| {
            let Requirement {
                key,
                operator,
                values,
            } = requirement;
            match (operator, values.as_slice()) {
                (Operator::Exists, _) => key.clone(),
                (Operator::DoesNotExist, _) => format!("!{key}"),
                (Operator::In, [one]) => format!("{key}={one}"),
                (Operator::NotIn, [one]) => format!("{key}!={one}"),
                (Operator::In, several) => format!("{key} in ({})", several.join(",")),
                (Operator::NotIn, several) => format!("{key} notin ({})", several.join(",")),
            }
        });
        formatter.write_str(&text.collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Selector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, InvalidSelector> {
        let requirements = (text.len() <= LONGEST)
            .then(|| split(text).into_iter().map(requirement).collect())
            .flatten();
        let requirements = requirements.ok_or_else(|| InvalidSelector {
            text: text.chars().take(200).collect(),
        })?;
        Ok(Self { requirements })
    }
}

/// Its parts: a comma between parentheses is one of values.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut within) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => within = true,
            ')' => within = false,
            ',' if !within => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn requirement(text: &str) -> Option<Requirement> {
    let text = text.trim();
    let made = |key: &str, operator, values: Vec<&str>| {
        let key = key.trim();
        let values: Vec<_> = values.into_iter().map(str::trim).collect();
        let is_valid = is_key(key)
            && values
                .iter()
                .all(|value| value.is_empty() || is_name(value));
        is_valid.then(|| Requirement {
            key: key.to_owned(),
            operator,
            values: values.into_iter().map(str::to_owned).collect(),
        })
    };
    if let Some(key) = text.strip_prefix('!') {
        return made(key, Operator::DoesNotExist, Vec::new());
    }
    if let Some(list) = text.strip_suffix(')') {
        let (before, values) = list.split_once('(')?;
        let (key, operator) = before.trim_end().rsplit_once([' ', '\t'])?;
        let operator = match operator {
            "in" => Operator::In,
            "notin" => Operator::NotIn,
            _ => return None,
        };
        return made(key, operator, values.split(',').collect());
    }
    if let Some((key, value)) = text.split_once("!=") {
        return made(key, Operator::NotIn, vec![value]);
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return made(key, Operator::In, vec![value]);
    }
    made(text, Operator::Exists, Vec::new())
}

/// `zone`, or `topology.kubernetes.io/zone`.
fn is_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => {
            let is_part =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
            !prefix.is_empty()
                && prefix.len() <= LONGEST_PREFIX
                && prefix.chars().all(is_part)
                && is_name(name)
        }
        None => is_name(text),
    }
}

fn is_name(text: &str) -> bool {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= LONGEST_NAME
        && is_end(text.chars().next())
        && is_end(text.chars().next_back())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::Selector;

    #[test]
    fn selectors_are_those_of_kubectl() {
        for (text, shown) in [
            ("pool=old", "pool=old"),
            ("pool==old", "pool=old"),
            ("pool!=old,!gpu", "pool!=old,!gpu"),
            (
                "node-role.kubernetes.io/worker",
                "node-role.kubernetes.io/worker",
            ),
            (
                "node-role.kubernetes.io/worker=",
                "node-role.kubernetes.io/worker=",
            ),
            (
                "zone in (a, b),x notin (c,d)",
                "zone in (a,b),x notin (c,d)",
            ),
        ] {
            assert_eq!(text.parse::<Selector>().expect(text).to_string(), shown);
        }
        for bad in [
            "",
            ",",
            "a,",
            "a b",
            "a=$(x)",
            "a='b'",
            "a in b",
            "a in (b",
            "a within (b)",
            "-l",
            "a=b c",
            "a/b/c=d",
            "/a",
            "a=\"b\"",
            "{{a}}",
            "a\nb",
            "!",
            "a=b=c",
        ] {
            assert!(bad.parse::<Selector>().is_err(), "{bad}");
        }
    }
}
