//! How a build on a cluster can fail beside the cluster and the build.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::document::PodFailure;
use crate::transport::TransportError;

/// A build on a cluster that has no result.
#[derive(Debug, Error)]
pub enum ClusterBuildError {
    /// An upstream's own script starts containers of Docker.
    #[error("upstream's own script starts containers by itself, which a pod cannot")]
    Script,
    /// The inputs could not be put into the registry, or taken out of it.
    #[error("could not move the inputs of {title} through {place}")]
    Inputs {
        /// What is built.
        title: String,
        /// The repository.
        place: String,
        /// Why.
        #[source]
        source: TransportError,
    },
    /// The result could not be taken out of the registry, or put into it.
    #[error("could not move the result of {title} through {place}")]
    Result {
        /// What is built.
        title: String,
        /// The repository.
        place: String,
        /// Why.
        #[source]
        source: TransportError,
    },
    /// The pod failed to build it.
    #[error("{}{}", failure.message, in_line(&failure.causes))]
    InPod {
        /// Why, as harmless text.
        failure: PodFailure,
    },
    /// What the pod put into the registry is not a result of the plan.
    #[error("the result that the pod of {title} made is not used: {reason}")]
    NotUsed {
        /// What is built.
        title: String,
        /// What is wrong with it, as harmless text.
        reason: String,
    },
    /// What the pod was given is not what this version of the tool gives.
    #[error("the input is not in a form that this version of kmembuild writes: {reason}")]
    OtherInput {
        /// What is wrong with it, as harmless text.
        reason: String,
    },
    /// A file on its way could not be written or read.
    #[error("could not use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
}

fn in_line(causes: &[String]) -> String {
    causes.iter().map(|cause| format!(": {cause}")).collect()
}
