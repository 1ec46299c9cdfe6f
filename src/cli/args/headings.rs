//! The headings of help, in the order in which they are shown. A command's other options come before them.

/// Which version, and which variant of it.
pub(super) const WHAT: &str = "What to build";
/// Sources, images and caches.
pub(super) const FROM: &str = "Where from";
/// What a build may take.
pub(super) const LIMITS: &str = "Limits";
/// What comes of it.
pub(super) const OUTPUT: &str = "Output";
/// What many commands have.
pub(super) const GLOBAL: &str = "Global";
