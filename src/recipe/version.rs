//! Versions in their natural order, and ranges of them.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;

use super::written_as_text::written_as_text;

/// Version, such as `v1.0.0-rc10`.
///
/// Kept as it was written; compared naturally: a leading `v` does not count, numbers compare as numbers
/// (rc9 < rc10 < rc90), a pre-release comes before its release (1.0.0-rc93 < 1.0.0), build metadata after a
/// `+` does not count.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(with = "String")]
pub struct Version(String);

/// A run of letters or of digits, or the end of the text, in their order: `1.0.0-rc1` comes before `1.0.0`, and `1.0.1`
/// after `1.0`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece<'a> {
    Letters(&'a str),
    End,
    /// Digits without leading zeros, behind their number: the longer one is larger, so no number is too long.
    Number(usize, &'a str),
}

impl Version {
    /// The version as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number at `index` from the left, counted from 0; `None` if there is none.
    pub fn number(&self, index: usize) -> Option<&str> {
        let numbers = self.bare().split(['-', '+', '~']).next()?;
        let number = numbers.split('.').nth(index)?;
        let digits = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
        digits.then_some(number)
    }

    /// Whether it is a pre-release, such as an alpha, a beta or a release candidate.
    pub fn is_prerelease(&self) -> bool {
        pieces(&self.0)
            .iter()
            .any(|piece| matches!(piece, Piece::Letters(_)))
    }

    /// The version without a leading `v`.
    pub fn bare(&self) -> &str {
        bare(&self.0)
    }
}

/// `text` without a leading `v` before a digit.
pub fn bare(text: &str) -> &str {
    match text.strip_prefix('v') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => text,
    }
}

/// Compares any two tags or versions naturally, as [`Version`] does.
pub fn natural_order(left: &str, right: &str) -> Ordering {
    pieces(left).cmp(&pieces(right))
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let text = bare(text);
    let text = text.split_once('+').map_or(text, |(before, _)| before);
    let mut pieces = Vec::new();
    for part in text.split(['.', '-', '_', '~']) {
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let digits = first.is_ascii_digit();
            let end = rest
                .find(|c: char| c.is_ascii_digit() != digits)
                .unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            pieces.push(if digits {
                let number = run.trim_start_matches('0');
                Piece::Number(number.len(), number)
            } else {
                Piece::Letters(run)
            });
            rest = after;
        }
    }
    pieces.push(Piece::End);
    pieces
}

#[cfg(test)]
thread_local! {
    static COMPARISONS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How many versions this thread has compared: tests count them where time would depend on the machine.
#[cfg(test)]
pub(crate) fn comparisons() -> usize {
    COMPARISONS.get()
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        #[cfg(test)]
        COMPARISONS.set(COMPARISONS.get() + 1);
        natural_order(&self.0, &other.0)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_+~".contains(c);
        // It becomes a word of command lines and a directory: neither an option nor a hidden one.
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !text.chars().all(allowed)
            || !text.contains(|c: char| c.is_ascii_digit())
        {
            return Err(format!(
                "{text:?} is not a version; write it like v1.0.0-rc10"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

written_as_text!(Version);

/// Range of versions, such as `">=1.0.0-rc2, <=1.0.0-rc5"`. Each bound must hold.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(with = "String")]
pub struct VersionRange {
    text: String,
    bounds: Vec<(Allows, Version)>,
}

/// Whether a bound allows versions that compare to its own like this.
type Allows = fn(Ordering) -> bool;

/// The signs of bounds; the longer ones first: ">=" also starts with ">".
const SIGNS: [(&str, Allows); 5] = [
    ("<=", Ordering::is_le),
    (">=", Ordering::is_ge),
    ("<", Ordering::is_lt),
    (">", Ordering::is_gt),
    ("=", Ordering::is_eq),
];

impl VersionRange {
    /// Whether `version` lies in the range.
    pub fn contains(&self, version: &Version) -> bool {
        let mut bounds = self.bounds.iter();
        bounds.all(|(allows, bound)| allows(version.cmp(bound)))
    }

    /// Refuses an empty range, which is certainly a mistake.
    fn refuse_empty(&self) -> Result<(), String> {
        for (lower, low) in self.bounds.iter().filter(|(is, _)| !is(Ordering::Less)) {
            for (upper, high) in self.bounds.iter().filter(|(is, _)| !is(Ordering::Greater)) {
                let both = lower(Ordering::Equal) && upper(Ordering::Equal);
                if low > high || (low == high && !both) {
                    return Err(format!(
                        "the range \"{}\" is empty: {low} is not below {high}",
                        self.text
                    ));
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for VersionRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bounds = Vec::new();
        for bound in text.split(',').map(str::trim) {
            let mut signs = SIGNS.into_iter();
            let (allows, rest) = signs
                .find_map(|(sign, allows)| Some((allows, bound.strip_prefix(sign)?)))
                .ok_or_else(|| {
                    format!("{bound:?} is not a bound of a version range; write a range like \">=1.0.0-rc2, <=1.0.0-rc5\"")
                })?;
            if rest.contains(['<', '>', '=']) {
                return Err(format!(
                    "the bounds in {bound:?} must be separated by commas"
                ));
            }
            bounds.push((allows, rest.trim().parse()?));
        }
        let range = Self {
            text: text.to_owned(),
            bounds,
        };
        range.refuse_empty()?;
        Ok(range)
    }
}

written_as_text!(VersionRange);
