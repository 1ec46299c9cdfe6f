//! Results on their way to the nodes: packages, artifacts of registries, a script that replaces binaries in
//! place, and what operators carry it out with on all of them.

mod flush;
pub mod node_script;
pub mod packaging;
pub mod registry;
pub mod repositories;
pub mod rollout;
