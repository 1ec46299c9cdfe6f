//! Results on their way to the nodes and to others: packages, artifacts of registries, shared caches, and a script that
//! replaces binaries in place.

mod flush;
pub mod node_script;
pub mod packaging;
pub mod registry;
pub mod repositories;
pub mod shared_cache;
