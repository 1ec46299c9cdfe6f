//! Versions as programs report them, and the upstream tags they correspond to.

use super::commit::{commit_id, without_remarks};
use super::error::LikeError;
use super::vendor::Vendor;

/// A version as it was reported, and its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedVersion {
    /// As reported.
    pub text: String,
    /// Its origin.
    pub origin: Origin,
    /// Whether it shows that the source was changed.
    pub changed: bool,
}

/// What a version refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An upstream tag; the leading `v` may be missing.
    Tag(String),
    /// A commit after a tag: upstream's version for commits that are not releases.
    After {
        /// The tag.
        tag: String,
        /// The beginning of the commit, if the version contains it.
        commit: Option<String>,
    },
    /// A vendor's build.
    Vendor(Vendor),
    /// Nothing: the program was built without its version.
    Unset,
}

/// Names of upstream's pre-releases.
const PRE_RELEASES: [&str; 3] = ["alpha", "beta", "rc"];

impl ReportedVersion {
    /// Reads a version of Kubernetes. All of them begin with `v1.`, or with `v0.0.0` if nothing was filled in.
    ///
    /// # Errors
    /// As [`ReportedVersion::read`]; [`LikeError::NotKubernetes`] if Kubernetes has no such version.
    pub(super) fn of_kubernetes(text: &str) -> Result<Self, LikeError> {
        let version = Self::read(text)?;
        let is_possible = version.origin == Origin::Unset || version.text.starts_with("v1.");
        if !is_possible {
            return Err(LikeError::NotKubernetes {
                version: version.text,
            });
        }
        Ok(version)
    }

    /// Reads a version such as `v1.15.5`, `1.0.0-rc10`, `v1.13.7-gke.24` or `1.0.0~rc93+ds1`.
    ///
    /// # Errors
    /// [`LikeError::NoVersion`] if the text contains characters that no version has.
    pub fn read(text: &str) -> Result<Self, LikeError> {
        let text = text.trim();
        let unset = text.contains("$Format");
        let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_+~".contains(c);
        if !unset && (text.is_empty() || text.len() > 200 || !text.chars().all(allowed)) {
            return Err(LikeError::NoVersion {
                text: text.chars().take(200).collect(),
            });
        }
        let (rest, changed) = without_remarks(text);
        Ok(Self {
            text: text.to_owned(),
            origin: if unset { Origin::Unset } else { origin(rest) },
            changed,
        })
    }
}

fn origin(text: &str) -> Origin {
    let numbers = numbers(text);
    let set = numbers.contains(|c: char| matches!(c, '1'..='9'));
    if !set || !numbers.contains('.') {
        return Origin::Unset;
    }
    let suffix = &text[numbers.len()..];
    let Some((pre_release, rest)) = pre_release(suffix) else {
        return further(numbers.to_owned(), suffix, suffix);
    };
    let tag = format!("{numbers}-{pre_release}");
    // The tilde is added by distributions, so it and what follows it were added by the vendor.
    let added = if suffix.starts_with('~') {
        suffix
    } else {
        rest
    };
    further(tag, rest, added)
}

/// The leading numbers with a dot between each two, and the `v` before them.
fn numbers(text: &str) -> &str {
    let digits = |from: usize| {
        let rest = &text[from..];
        rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len()
    };
    let start = usize::from(text.starts_with('v'));
    let mut end = start + digits(start);
    while end > start && text[end..].starts_with('.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    &text[..end]
}

/// A pre-release at the start of what follows the numbers, without its separator, and the rest.
fn pre_release(suffix: &str) -> Option<(&str, &str)> {
    let text = suffix.strip_prefix(['-', '~'])?;
    let word = PRE_RELEASES.iter().find(|word| text.starts_with(**word))?;
    let number = &text[word.len()..];
    let point = usize::from(number.starts_with('.'));
    let digits = number[point..]
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(number.len() - point);
    // Upstream's pre-releases always have a number.
    (digits > 0).then(|| text.split_at(word.len() + point + digits))
}

/// What `tag`, with `rest` after it, refers to; `added` is what a vendor would have added to the numbers.
fn further(tag: String, rest: &str, added: &str) -> Origin {
    if added.is_empty() {
        return Origin::Tag(tag);
    }
    if matches!(rest, "+dev" | "-dev") && !added.starts_with('~') {
        return Origin::After { tag, commit: None };
    }
    match counted(rest) {
        Some(commit) => Origin::After {
            tag,
            commit: Some(commit),
        },
        None => Origin::Vendor(Vendor::of(tag, added)),
    }
}

/// The commit in `-12+20c265fef0741d` (Kubernetes; `.12+` after a pre-release) or `-12-g20c265f` (git): the number of
/// commits after the tag, and the commit.
fn counted(rest: &str) -> Option<String> {
    let rest = rest.strip_prefix(['-', '.'])?;
    let (count, commit) = rest.split_once('+').or_else(|| rest.split_once("-g"))?;
    let counts = !count.is_empty() && count.chars().all(|c| c.is_ascii_digit());
    counts.then(|| commit_id(commit)).flatten()
}
