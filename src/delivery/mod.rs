//! Results on their way to the nodes and to others: packages, artifacts of registries, shared caches, a script that replaces
//! binaries in place, and what operators carry it out with on all nodes.

mod flush;
pub mod node_script;
pub mod packaging;
pub mod registry;
pub mod repositories;
pub mod rollout;
pub mod shared_cache;
