//! What a cluster is asked: whole builds, where other engines are asked for sessions.
//!
//! One target is one piece of work, and a piece of work is one Job. The client plans, puts the inputs of the work into a
//! registry by their content, and lets the cluster run it; in its pod, this same tool works by the local engine, and puts what it
//! made into the registry. Nothing goes in or out by `exec` or by the API of the cluster but the digest of what the pod put there:
//! the pod's word for its own result, which the client judges by its content.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::error::EngineError;
use crate::events::Sink;
use crate::transport::{ClientSettings, Digest, Place};

/// How a pod's word for its result begins, before the digest.
pub const REPORT: &str = "result ";

/// An engine that is asked for whole builds.
#[async_trait]
pub trait ClusterApi: Send + Sync {
    /// How many pieces of work it is given at a time.
    fn parallelism(&self) -> usize;

    /// Where inputs and results are, as this machine reaches it.
    fn exchange(&self) -> &Place;

    /// Has a piece of work done, and waits for its end: in the Job that does it already, whoever made that, or else in a new one.
    /// What the cluster took away is begun again, a few times. `None` when `cancel` was cancelled first; the Job is removed then
    /// if this run made it.
    async fn carry_out(
        &self,
        work: &ClusterWork,
        sink: &dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<Option<ClusterReport>, EngineError>;

    /// Looks whether this user may do there what is needed. Changes nothing.
    async fn examine(&self) -> Result<ClusterExamined, EngineError>;

    /// Removes the Job of a piece of work whose result is not needed there any more. Already gone is success.
    async fn forget(&self, report: &ClusterReport) -> Result<(), EngineError>;
}

/// A build for a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterWork {
    /// What tells it from other work, in hexadecimal digits: the same work has the same Job, whoever asks for it.
    pub key: String,
    /// What is built, for people: `runc v1.0.0-rc10`.
    pub title: String,
    /// Reference of the toolchain image, by its digest.
    pub image: String,
    /// Digest of the artifact with the inputs, in [`ClusterApi::exchange`].
    pub input: Digest,
    /// The directory that the build makes for itself; `None` if its source is one of the image.
    pub scratch: Option<String>,
    /// Most memory in bytes; the settings' if not given.
    pub memory: Option<u64>,
    /// Processors in billionths of one; the settings' if not given.
    pub nano_cpus: Option<i64>,
    /// Most bytes that it writes; the settings' if not given.
    pub disk: Option<u64>,
    /// The longest time that it takes once it was begun.
    pub lifetime: Duration,
    /// The run that asks for it.
    pub run: String,
    /// Further labels.
    pub labels: BTreeMap<String, String>,
}

/// What came of a piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterReport {
    /// Name of the Job.
    pub job: String,
    /// The Job's own identity: another one of the same name is another one.
    pub uid: String,
    /// The node that did it, where that is known.
    pub node: Option<String>,
    /// How long it waited for a node and for its images.
    pub waited: Duration,
    /// Digest of the artifact with the result, as the pod says.
    pub output: Digest,
}

/// What a cluster allows.
#[derive(Debug)]
pub struct ClusterExamined {
    /// The namespace.
    pub namespace: String,
    /// Exactly the rights that are used.
    pub rights: Vec<ClusterRight>,
    /// What each quota of the namespace leaves, for people; none where this user may not read them.
    pub quotas: Vec<String>,
    /// Why the registry does not answer here, if it does not.
    pub registry: Result<(), EngineError>,
}

/// A right in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterRight {
    /// `create`, `watch`, ...
    pub verb: &'static str,
    /// `jobs`, `pods`, ...
    pub resource: &'static str,
    /// Whether this user has it.
    pub is_granted: bool,
}

/// How a cluster is reached, and what its Jobs are like.
#[derive(Debug, Clone, Default)]
pub struct ClusterSettings {
    /// Files with clusters, users and contexts, in order; none inside a cluster, whose own is used then.
    pub kubeconfig: Vec<PathBuf>,
    /// Context in these files; their current one if not given.
    pub context: Option<String>,
    /// Namespace of the Jobs; the context's if not given.
    pub namespace: Option<String>,
    /// Prefix of the repositories that inputs and results go through, as this machine reaches them.
    pub registry: Option<Place>,
    /// The same as pods reach it; the same text if not given.
    pub registry_of_pods: Option<Place>,
    /// Secret for pulling images.
    pub pull_secret: Option<String>,
    /// Secret with which pods pull inputs and push results.
    pub push_secret: Option<String>,
    /// Service account of the pods; the namespace's default if not given. No pod gets its token.
    pub service_account: Option<String>,
    /// Labels that nodes must have.
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that are accepted.
    pub tolerations: Vec<Toleration>,
    /// Priority class of the pods.
    pub priority_class: Option<String>,
    /// Jobs at a time.
    pub parallelism: Option<usize>,
    /// Memory of work that does not say how much it needs, in bytes.
    pub memory: Option<u64>,
    /// Processors of work that does not say so, in billionths of one.
    pub nano_cpus: Option<i64>,
    /// Disk of work that does not say so, in bytes.
    pub disk: Option<u64>,
    /// How long a pod may wait for a node and for its images.
    pub pending: Option<Duration>,
    /// Architecture of the nodes in Go's terms; this machine's if not given.
    pub architecture: Option<String>,
    /// The static program of this tool for the pods.
    pub program: PathBuf,
    /// Directory for what is kept between runs.
    pub directory: PathBuf,
    /// Credentials and proxies for registries.
    pub client: ClientSettings,
    /// Longest time without a byte from a registry.
    pub stall: Option<Duration>,
}

/// A taint of nodes that is accepted, in Kubernetes' own words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toleration {
    /// Key of the taint; all of them if not given.
    pub key: Option<String>,
    /// `Equal` or `Exists`.
    pub operator: Option<String>,
    /// Value of the taint.
    pub value: Option<String>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`; all of them if not given.
    pub effect: Option<String>,
}
