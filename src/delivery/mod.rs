//! Results on their way to the nodes: packages, artifacts of registries, and a script that replaces binaries in place.

mod flush;
pub mod node_script;
pub mod packaging;
pub mod registry;
pub mod repositories;
