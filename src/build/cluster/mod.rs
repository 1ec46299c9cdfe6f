//! A build on a cluster: its inputs go into a registry, a Job works on them, and its result comes out of the registry.
//!
//! The client decides everything before ([`crate::plan::Plan`]) and judges everything after: `output` takes nothing from a pod
//! but the outputs, the log and what only somebody who was there can know, and judges the outputs by their content. `pod` is the
//! other side: it works in the pod, by the local engine, on the plan as it is, and puts what it made, or why it failed and
//! the log, into the registry.

mod document;
mod error;
mod input;
mod on_cluster;
mod output;
mod pod;

pub use document::{PodFailure, WorkChecks};
pub use error::ClusterBuildError;
pub use pod::{PodWork, work_in_pod};
