//! The section of the configuration on a cluster.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::engine::{ClusterSettings, Toleration};
use crate::recipe::{Architecture, ByteSize, Cpus, TimeSpan};
use crate::transport::{Place, Reference};

/// How the engine kubernetes reaches its cluster, and what its Jobs are like. All fields are optional; a registry may be given on
/// the command line instead.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct KubernetesConfiguration {
    /// Context of the kubeconfig file; its current one if not given.
    pub context: Option<String>,
    /// Namespace of the Jobs; the context's if not given.
    pub namespace: Option<String>,
    /// Prefix of the repositories for inputs and results, as this machine reaches it.
    pub registry: Option<RegistryPlace>,
    /// The same as pods reach it, where they reach it by another name.
    pub registry_of_pods: Option<RegistryPlace>,
    /// Secret for pulling images, of the type `kubernetes.io/dockerconfigjson`.
    pub pull_secret: Option<String>,
    /// Secret of the same type with which pods pull inputs and push results.
    pub push_secret: Option<String>,
    /// Service account of the pods, whose token they do not get.
    pub service_account: Option<String>,
    /// Labels that nodes must have.
    #[serde(default)]
    pub node_selector: BTreeMap<String, String>,
    /// Taints of nodes that are accepted.
    #[serde(default)]
    pub tolerations: Vec<AcceptedTaint>,
    /// Priority class of the pods.
    pub priority_class: Option<String>,
    /// Jobs at a time; 10 if not given.
    pub parallelism: Option<u32>,
    /// Memory of builds whose recipe does not say how much they need; 2 GiB if not given.
    pub memory: Option<ByteSize>,
    /// Processors of a build; 1 if not given.
    pub cpus: Option<Cpus>,
    /// Disk of a build, requested of the node.
    pub disk: Option<ByteSize>,
    /// How long a pod may wait for a node and for its images; 10 minutes if not given.
    pub pending: Option<TimeSpan>,
    /// Architecture of the nodes; this machine's if not given.
    pub architecture: Option<Architecture>,
    /// The static kmembuild for the pods; this program if not given.
    pub program: Option<PathBuf>,
}

/// A taint of nodes that is accepted, in Kubernetes' own words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AcceptedTaint {
    /// Key of the taint; all if not given.
    pub key: Option<String>,
    /// `Equal` or `Exists`.
    pub operator: Option<String>,
    /// Value of the taint.
    pub value: Option<String>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`; all if not given.
    pub effect: Option<String>,
}

/// A prefix of repositories in a registry: `registry.example/builds`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct RegistryPlace(
    /// The place.
    pub Place,
);

impl TryFrom<String> for RegistryPlace {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let reference: Reference = text.parse().map_err(|error| format!("{error}"))?;
        match reference.name {
            None => Ok(Self(reference.place)),
            Some(_) => Err(format!("{text} has a tag or a digest; use REGISTRY/PREFIX")),
        }
    }
}

impl KubernetesConfiguration {
    /// The settings for an engine. What the configuration does not know is left to the caller: where the kubeconfig is, this
    /// program, directories, credentials.
    pub fn settings(&self) -> ClusterSettings {
        let place = |place: &Option<RegistryPlace>| place.as_ref().map(|place| place.0.clone());
        let tolerations = self.tolerations.iter().map(|taint| Toleration {
            key: taint.key.clone(),
            operator: taint.operator.clone(),
            value: taint.value.clone(),
            effect: taint.effect.clone(),
        });
        ClusterSettings {
            context: self.context.clone(),
            namespace: self.namespace.clone(),
            registry: place(&self.registry),
            registry_of_pods: place(&self.registry_of_pods),
            pull_secret: self.pull_secret.clone(),
            push_secret: self.push_secret.clone(),
            service_account: self.service_account.clone(),
            node_selector: self.node_selector.clone(),
            tolerations: tolerations.collect(),
            priority_class: self.priority_class.clone(),
            parallelism: self
                .parallelism
                .and_then(|number| usize::try_from(number.max(1)).ok()),
            memory: self.memory.map(|size| size.0),
            nano_cpus: self.cpus.map(|cpus| cpus.0),
            disk: self.disk.map(|size| size.0),
            pending: self.pending.map(|span| span.0),
            architecture: self
                .architecture
                .as_ref()
                .map(|own| own.as_str().to_owned()),
            program: self.program.clone().unwrap_or_default(),
            ..ClusterSettings::default()
        }
    }
}
