//! The words by which the tool starts itself for work that needs a process of its own.

/// The name by which the tool starts itself as a keeper: the first word of the command line.
pub const KEEPER: &str = "kmembuild-session";

/// Before any of the words below: in a new user namespace, whose users and groups are the next two words.
pub(super) const MAPPED: &str = "mapped";
/// Before any of the words below: in the namespaces of the keeper whose number is the next word.
pub(super) const INSIDE: &str = "inside";

/// Keeps the container whose session has the directory that follows.
pub(super) const KEEP: &str = "keep";
/// Starts nothing; says whether this process can have mounts of its own.
pub(super) const PROBE: &str = "probe";
/// Becomes the program that follows.
pub(super) const EXECUTE: &str = "execute";
/// Becomes the program that follows, which does not see the second version of cgroups.
pub(super) const HIDING: &str = "hiding";
/// Before [`EXECUTE`] or [`HIDING`]: stays the parent of the program, and of what that leaves behind.
pub(super) const REAPING: &str = "reaping";
/// Gives a process its ids.
pub(super) const MAPPING: &str = "mapping";

/// Unpacks standard input as a layer below the directory that follows.
pub(super) const LAYER: &str = "layer";
/// Unpacks standard input as files below a directory of a tree: both follow.
pub(super) const FILES: &str = "files";
/// Opens a file of a tree for whoever reads standard output: both follow.
pub(super) const OPEN: &str = "open";
/// Looks for a file of a tree: both follow.
pub(super) const LOOK: &str = "look";
/// Makes a directory of a tree: both follow.
pub(super) const MAKE: &str = "make";
/// The digest of everything below the directory that follows.
pub(super) const DIGEST: &str = "digest";
/// Removes what follows, with everything in it.
pub(super) const REMOVE: &str = "remove";
