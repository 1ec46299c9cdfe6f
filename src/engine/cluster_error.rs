//! How a cluster can fail.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// A cluster that did not do its work, with what it was about.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// This program was made without it.
    #[error("this kmembuild was built without the engine kubernetes")]
    NotBuiltIn,
    /// No registry was named.
    #[error("the engine kubernetes requires a registry that inputs and results go through")]
    NoRegistry,
    /// A layout on disk is nowhere in the cluster.
    #[error("{place} is a directory of this machine, which no pod of a cluster reaches")]
    NotARegistry {
        /// The place.
        place: String,
    },
    /// What says where the cluster is cannot be used.
    #[error("could not read where the cluster is")]
    Kubeconfig {
        /// Which file or context, and why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The API server does not answer.
    #[error("the Kubernetes API at {address} does not answer")]
    Unreachable {
        /// Its address.
        address: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The API server does not know who this is.
    #[error("the Kubernetes API at {address} does not accept these credentials: {message}")]
    Unauthorized {
        /// Its address.
        address: String,
        /// Its message.
        message: String,
    },
    /// The user may not do it.
    #[error("this user may not {verb} {resource} in the namespace {namespace}: {message}")]
    Forbidden {
        /// `create`, `watch`, ...
        verb: &'static str,
        /// `jobs`, `pods`, ...
        resource: &'static str,
        /// The namespace.
        namespace: String,
        /// The API's message.
        message: String,
    },
    /// The namespace does not exist.
    #[error("the namespace {namespace} does not exist")]
    NoNamespace {
        /// The namespace.
        namespace: String,
    },
    /// The API refused something for another reason.
    #[error("the Kubernetes API could not {verb} {what}: {message}")]
    Refused {
        /// `create`, `watch`, ...
        verb: &'static str,
        /// What it was about.
        what: String,
        /// The API's message.
        message: String,
    },
    /// A quota is used up.
    #[error("the quota of the namespace {namespace} leaves no room for {job}: {message}")]
    Quota {
        /// The namespace.
        namespace: String,
        /// The Job.
        job: String,
        /// The API's message.
        message: String,
    },
    /// No node took the pod in time.
    #[error("no node had room for {job} within {}: {reason}", humantime::format_duration(*limit))]
    Unscheduled {
        /// The Job.
        job: String,
        /// What the scheduler says.
        reason: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// A node took the pod and did not begin it in time.
    #[error("node {node} did not begin {job} within {}: {reason}", humantime::format_duration(*limit))]
    NotBegun {
        /// The Job.
        job: String,
        /// The node.
        node: String,
        /// What the node says.
        reason: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// An image cannot be pulled.
    #[error("node {node} could not pull {image} for {job}: {reason}")]
    ImagePull {
        /// The Job.
        job: String,
        /// The node.
        node: String,
        /// The image.
        image: String,
        /// What the node says.
        reason: String,
    },
    /// A container of the pod cannot be made.
    #[error("node {node} could not make the container of {job}: {reason}")]
    NotMade {
        /// The Job.
        job: String,
        /// The node.
        node: String,
        /// What the node says.
        reason: String,
    },
    /// The kubelet took the pod away, again and again.
    #[error("{job} was evicted {}, last from node {node}: {message}", times(*attempts))]
    Evicted {
        /// The Job.
        job: String,
        /// The last node.
        node: String,
        /// The kubelet's message.
        message: String,
        /// How often it was begun.
        attempts: u32,
    },
    /// Pods of a higher priority took its place, again and again.
    #[error("{job} made room for pods of a higher priority {}, last on node {node}", times(*attempts))]
    Preempted {
        /// The Job.
        job: String,
        /// The last node.
        node: String,
        /// How often it was begun.
        attempts: u32,
    },
    /// Its nodes were lost, again and again.
    #[error("the node of {job} was lost {}, last {node}", times(*attempts))]
    NodeLost {
        /// The Job.
        job: String,
        /// The last node.
        node: String,
        /// How often it was begun.
        attempts: u32,
    },
    /// Somebody removes it, again and again.
    #[error("somebody else removed {job} {}", times(*attempts))]
    Removed {
        /// The Job.
        job: String,
        /// How often it was begun.
        attempts: u32,
    },
    /// The kernel of the node ended the whole pod for want of memory.
    #[error("{job} was ended on node {node} for using more memory than its limit{}", limit_text(*limit))]
    OutOfMemory {
        /// The Job.
        job: String,
        /// The node.
        node: String,
        /// Its limit in bytes.
        limit: Option<u64>,
    },
    /// It took too long.
    #[error("{job} did not end within {} and was stopped by the cluster", humantime::format_duration(*limit))]
    TooLong {
        /// The Job.
        job: String,
        /// How long it may take.
        limit: Duration,
    },
    /// The pod ended without saying what came of its work.
    #[error(
        "the pod of {job} ended on node {node} without a result, with exit code {code}: {message}"
    )]
    NoResult {
        /// The Job.
        job: String,
        /// The node.
        node: String,
        /// Exit code of its container.
        code: i32,
        /// The last that it said.
        message: String,
    },
    /// A whole build is asked for something that only sessions have.
    #[error("the engine kubernetes runs whole builds, and cannot {what}")]
    NoSessions {
        /// What was asked.
        what: &'static str,
    },
    /// The program for the pods needs libraries, which no image has to have.
    #[error("{} is not static: in the pods of a cluster, nothing has its libraries", path.display())]
    NotStatic {
        /// The program.
        path: PathBuf,
    },
    /// The program for the pods cannot be read.
    #[error("could not read {}, which is to run in the pods", path.display())]
    Program {
        /// The program.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file that is kept between runs, or an image on its way, could not be written.
    #[error("could not write {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// An image could not be pushed.
    #[error("could not push {what} to {place}")]
    Push {
        /// What.
        what: String,
        /// Where to.
        place: String,
        /// Why.
        #[source]
        source: Box<crate::transport::TransportError>,
    },
}

fn times(number: u32) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        number => format!("{number} times"),
    }
}

fn limit_text(limit: Option<u64>) -> String {
    let limit = limit.map(|limit| format!(", {}", bytesize::ByteSize(limit)));
    limit.unwrap_or_default()
}
