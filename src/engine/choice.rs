//! Which engine is used.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cluster::ClusterSettings;
use super::contract::Engine;
use super::docker::{Address, connect_docker};
use super::error::EngineError;
use super::local::{LocalSettings, connect_local};
use super::runtime::{RuntimeSettings, connect_runtime};
use crate::failure::with_causes;
use crate::transport::ClientSettings;

/// An engine, as people choose it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineChoice {
    /// Docker, or what has its API, where it answers; otherwise the container that the tool runs in, or an OCI runtime.
    #[default]
    Auto,
    /// Docker, or what has its API.
    Docker,
    /// An OCI runtime, without a daemon.
    Runtime,
    /// The container that the tool runs in.
    Local,
    /// A Kubernetes cluster.
    Kubernetes,
}

impl EngineChoice {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Auto,
        Self::Docker,
        Self::Runtime,
        Self::Local,
        Self::Kubernetes,
    ];
}

impl fmt::Display for EngineChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl FromStr for EngineChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL
            .into_iter()
            .find(|choice| choice.to_string() == text);
        found.ok_or_else(|| {
            let known = Self::ALL.map(|choice| choice.to_string()).join(", ");
            format!("{text:?} is not an engine; use one of {known}")
        })
    }
}

/// What engines are found and made by.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where Docker is.
    pub address: Address,
    /// What the docker command would use of its user's.
    pub client: ClientSettings,
    /// What the runtime engine works with.
    pub runtime: RuntimeSettings,
    /// What the local engine works with.
    pub local: LocalSettings,
    /// How a cluster is reached, and what its Jobs are like.
    pub cluster: Box<ClusterSettings>,
    /// Whether this is a container, so that nobody's own files are where a build makes its directories.
    pub in_container: bool,
}

/// Connects to the chosen engine. Left to itself, it is the one that answers; where none does, it is this container if this is
/// one, and otherwise an OCI runtime.
///
/// # Errors
/// That of the chosen engine; [`EngineError::NoneWorks`] where none was chosen.
pub async fn connect(
    choice: EngineChoice,
    surroundings: Surroundings,
) -> Result<Arc<dyn Engine>, EngineError> {
    let Surroundings {
        address,
        client,
        runtime,
        local,
        cluster,
        in_container,
    } = surroundings;
    match choice {
        EngineChoice::Kubernetes => return connect_cluster(*cluster).await,
        EngineChoice::Local => return connect_local(local).await,
        EngineChoice::Runtime => return connect_runtime(runtime).await,
        EngineChoice::Auto | EngineChoice::Docker => {}
    }
    let failure = match connect_docker(&address, Some(client)).await {
        Err(error @ EngineError::Unreachable { .. }) if choice == EngineChoice::Auto => error,
        connected => return connected,
    };
    let instead_of = Some(with_causes(&failure));
    let no_local = if in_container {
        let local = LocalSettings {
            instead_of: instead_of.clone(),
            ..local
        };
        match connect_local(local).await {
            Ok(engine) => return Ok(engine),
            Err(error) => with_causes(&error),
        }
    } else {
        "this is not a container".to_owned()
    };
    let runtime = RuntimeSettings {
        instead_of,
        ..runtime
    };
    let connected = connect_runtime(runtime).await;
    connected.map_err(|error| EngineError::NoneWorks {
        docker: Box::new(failure),
        runtime: with_causes(&error),
        local: no_local,
    })
}

#[cfg(feature = "kubernetes")]
async fn connect_cluster(settings: ClusterSettings) -> Result<Arc<dyn Engine>, EngineError> {
    super::kubernetes::connect_kubernetes(settings).await
}

#[cfg(not(feature = "kubernetes"))]
#[expect(clippy::unused_async, reason = "with the feature, it asks the cluster")]
async fn connect_cluster(_: ClusterSettings) -> Result<Arc<dyn Engine>, EngineError> {
    Err(super::cluster_error::ClusterError::NotBuiltIn.into())
}
