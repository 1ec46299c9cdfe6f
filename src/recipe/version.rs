//! Versions in their natural order, and ranges of them.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::written_as_text::written_as_text;

/// Version, such as `v1.0.0-rc10`.
///
/// Kept as it was written; compared naturally: a leading `v` does not count, numbers compare as numbers
/// (rc9 < rc10 < rc90), a pre-release comes before its release (1.0.0-rc93 < 1.0.0), build metadata after a
/// `+` does not count.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(with = "String")]
pub struct Version(String);

/// A run of digits or of letters. Letters come before the end of the text and digits after it, so `1.0.0-rc1` comes
/// before `1.0.0` and `1.0.1` after `1.0`.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Letters(&'a str),
    End,
    Number(&'a str),
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
    let (ours, theirs) = (pieces(left), pieces(right));
    for index in 0..ours.len().max(theirs.len()) {
        let order = ours
            .get(index)
            .unwrap_or(&Piece::End)
            .cmp(theirs.get(index).unwrap_or(&Piece::End));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
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
                Piece::Number(run.trim_start_matches('0'))
            } else {
                Piece::Letters(run)
            });
            rest = after;
        }
    }
    pieces
}

impl Piece<'_> {
    fn rank(&self) -> u8 {
        match self {
            Piece::Letters(_) => 0,
            Piece::End => 1,
            Piece::Number(_) => 2,
        }
    }
}

impl Ord for Piece<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Piece::Letters(a), Piece::Letters(b)) => a.cmp(b),
            // Without leading zeros the longer number is the larger one, so no number is too long.
            (Piece::Number(a), Piece::Number(b)) => a.len().cmp(&b.len()).then(a.cmp(b)),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Piece<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
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
        if text.is_empty()
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

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

written_as_text!(Version);

/// Range of versions, such as `">=1.0.0-rc2, <=1.0.0-rc5"`. Each bound must hold.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(with = "String")]
pub struct VersionRange {
    text: String,
    bounds: Vec<(Comparison, Version)>,
}

#[derive(Debug, Clone, Copy)]
enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl VersionRange {
    /// Whether `version` lies in the range.
    pub fn contains(&self, version: &Version) -> bool {
        self.bounds.iter().all(|(comparison, bound)| {
            let order = version.cmp(bound);
            match comparison {
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::Equal => order.is_eq(),
                Comparison::GreaterOrEqual => order.is_ge(),
                Comparison::Greater => order.is_gt(),
            }
        })
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
            // The longer operator first: ">=" also starts with ">".
            let (comparison, rest) = [
                ("<=", Comparison::LessOrEqual),
                (">=", Comparison::GreaterOrEqual),
                ("<", Comparison::Less),
                (">", Comparison::Greater),
                ("=", Comparison::Equal),
            ]
            .into_iter()
            .find_map(|(sign, comparison)| bound.strip_prefix(sign).map(|rest| (comparison, rest)))
            .ok_or_else(|| {
                format!("{bound:?} is not a bound of a version range; write a range like \">=1.0.0-rc2, <=1.0.0-rc5\"")
            })?;
            if rest.contains(['<', '>', '=']) {
                return Err(format!(
                    "the bounds in {bound:?} must be separated by commas"
                ));
            }
            bounds.push((comparison, rest.trim().parse()?));
        }
        let range = Self {
            text: text.to_owned(),
            bounds,
        };
        range.refuse_empty()?;
        Ok(range)
    }
}

impl VersionRange {
    /// Refuses an empty range, which is certainly a mistake.
    fn refuse_empty(&self) -> Result<(), String> {
        for (lower, low) in &self.bounds {
            for (upper, high) in &self.bounds {
                let is_lower = matches!(
                    lower,
                    Comparison::Greater | Comparison::GreaterOrEqual | Comparison::Equal
                );
                let is_upper = matches!(
                    upper,
                    Comparison::Less | Comparison::LessOrEqual | Comparison::Equal
                );
                let strict =
                    matches!(lower, Comparison::Greater) || matches!(upper, Comparison::Less);
                if is_lower && is_upper && (low > high || (low == high && strict)) {
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

impl Serialize for VersionRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

written_as_text!(VersionRange);

#[cfg(test)]
mod tests {
    use super::{Version, VersionRange};

    fn version(text: &str) -> Version {
        text.parse().expect("a version")
    }

    #[test]
    fn runc_tags_order_as_people_mean() {
        let ordered = [
            "v0.1.1",
            "v1.0.0-rc1",
            "1.0.0-rc2",
            "v1.0.0-rc9",
            "v1.0.0-rc10",
            "v1.0.0-rc90",
            "v1.0.0-rc93",
            "v1.0.0-rc95",
            "v1.0.0",
            "v1.0.3",
            "v1.1.0-rc.1",
            "v1.1.0",
            "v1.1.15",
        ];
        for pair in ordered.windows(2) {
            assert!(
                version(pair[0]) < version(pair[1]),
                "{} < {}",
                pair[0],
                pair[1]
            );
        }
    }

    #[test]
    fn kubernetes_pre_releases_come_before_the_release() {
        assert!(version("v1.21.0-alpha.3") < version("v1.21.0-beta.0"));
        assert!(version("v1.21.0-beta.1") < version("v1.21.0-rc.0"));
        assert!(version("v1.21.0-rc.0") < version("v1.21.0"));
        assert!(version("1.9.11") < version("1.10.0"));
    }

    #[test]
    fn the_leading_v_and_build_metadata_do_not_count() {
        assert_eq!(version("v1.0.0-rc10"), version("1.0.0-rc10"));
        assert_eq!(version("1.15.5+k3s1"), version("v1.15.5"));
    }

    #[test]
    fn numbers_and_pre_releases_are_told() {
        let release = version("v1.15.5");
        assert_eq!(
            [release.number(0), release.number(1), release.number(3)],
            [Some("1"), Some("15"), None]
        );
        assert!(!release.is_prerelease());
        let candidate = version("1.20.0-rc.0");
        assert_eq!(candidate.number(2), Some("0"));
        assert!(candidate.is_prerelease());
        assert!(!version("1.15.5+k3s1").is_prerelease());
    }

    #[test]
    fn a_range_holds_its_bounds() {
        let range: VersionRange = ">=1.0.0-rc9, <1.0.0-rc93".parse().expect("a range");
        for inside in ["v1.0.0-rc9", "v1.0.0-rc10", "v1.0.0-rc92"] {
            assert!(range.contains(&version(inside)), "{inside}");
        }
        for outside in ["v1.0.0-rc8", "v1.0.0-rc93", "v1.0.0"] {
            assert!(!range.contains(&version(outside)), "{outside}");
        }
    }

    #[test]
    fn bad_ranges_are_refused_with_a_reason() {
        for (text, reason) in [
            ("1.0.0", "not a bound"),
            (">=", "not a version"),
            (">=1.0, <0.9", "is empty"),
            (">1.0, <=1.0", "is empty"),
            ("", "not a bound"),
        ] {
            let error = text.parse::<VersionRange>().expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
