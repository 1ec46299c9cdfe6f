//! Names, labels and annotations of what the tool makes in a cluster.

use crate::engine::cluster::ClusterWork;

/// Label of everything that the tool makes, and its value.
pub(super) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// See [`MANAGED_BY`].
pub(super) const MANAGER: &str = "kmembuild";
/// Annotation: what is built.
pub(super) const TITLE: &str = "io.kmembuild.title";
/// Annotation: how often the work was begun.
pub(super) const ATTEMPT: &str = "io.kmembuild.attempt";
/// Label by which the Job controller marks the pods of a Job, in all versions.
pub(super) const OF_JOB: &str = "job-name";

/// Longest name of a recipe in the name of a Job.
const LONGEST: usize = 24;
/// Hexadecimal digits of the key in the name of a Job.
const DIGITS: usize = 24;
/// Longest value of a label.
const LONGEST_LABEL: usize = 63;

/// The name of the Job that does the work: the same for the same work.
pub(super) fn job_name(work: &ClusterWork) -> String {
    let title = work.title.split(' ').next().unwrap_or_default();
    let title: String = title
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(LONGEST)
        .collect();
    let title = title.trim_matches('-');
    let key = &work.key[..DIGITS.min(work.key.len())];
    if title.is_empty() {
        format!("kmembuild-{key}")
    } else {
        format!("kmembuild-{title}-{key}")
    }
}

/// A text as the value of a label, with what that cannot have left out.
pub(super) fn label_value(text: &str) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let text: String = text.chars().filter(allowed).take(LONGEST_LABEL).collect();
    text.trim_matches(['-', '_', '.']).to_owned()
}
