//! Names that the parts of a check share.

/// The check's name where a recipe or a step has one: in labels, events and names of images.
pub(super) const RUN_CHECK: &str = "run-check";
/// Directory in the container, below its root, with everything of the check.
pub(super) const DIRECTORY: &str = "run-check";
/// The program in the container.
pub(super) const PROGRAM: &str = "/run-check/program";
