//! What is known about the versions of a recipe before its source is read.

use std::collections::BTreeSet;

use crate::recipe::Version;

/// What is known about a recipe's versions without reading its source.
#[derive(Debug, Clone)]
pub enum KnownTags {
    /// Its source is a git repository; these are its known tags.
    Git(BTreeSet<Version>),
    /// Its source is a directory of the image, which has one version.
    Directory(Version),
}
