//! A real Kubernetes cluster on this machine: etcd, the programs of Kubernetes 1.20.2 as this tool builds them, a registry,
//! and three nodes with a dockerd and a kubelet each.
//!
//! All of it runs in namespaces of its own, which end with the test: see `watchdog`.

mod certificates;
mod control_plane;
mod kubectl;
mod namespaces;
mod node;
mod place;
mod program;
mod shared;
mod three_nodes;

pub use node::NODES;
pub use place::Place;
pub use program::until;
pub use shared::cluster;
pub use three_nodes::Cluster;
