//! Results as artifacts of a registry, or of an OCI layout on disk.
//!
//! A result is a manifest whose layers are its files; what is said about it (bill of materials, provenance) is attached to it.
//! An index has a version for all architectures, and an index of such indexes a release. The same result is the same manifest:
//! nothing in it depends on when or where it was pushed.

mod artifact;
mod attached;
mod error;
mod files;
mod node_image;
mod pull;
mod pull_into;
mod push;
mod push_release;
mod pushed;
mod result;
mod version_index;

pub use artifact::{RELEASE_TYPE, RESULT_TYPE};
pub use error::DistributionError;
pub use node_image::push_node_image;
pub use pull::{PullOrder, Pulled, ToPull, look_at, pull};
pub use push::push;
pub use pushed::{Pushed, PushedTag};
