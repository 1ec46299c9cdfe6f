//! The connection to the API server.

use std::sync::Arc;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use super::engine::KubernetesEngine;
use super::failure::{Asked, failed};
use crate::engine::cluster::ClusterSettings;
use crate::engine::cluster_error::ClusterError;
use crate::engine::contract::Engine;
use crate::engine::error::EngineError;
use crate::transport::Place;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(15);

/// How long a connection may be silent: longer than the watches, which the API server ends after 290 s.
const SILENCE: Duration = Duration::from_secs(330);

/// Connects to the cluster of the settings, and asks it for its version.
///
/// # Errors
/// [`EngineError::Cluster`].
pub async fn connect_kubernetes(settings: ClusterSettings) -> Result<Arc<dyn Engine>, EngineError> {
    let exchange = match &settings.registry {
        None => return Err(ClusterError::NoRegistry.into()),
        Some(Place::Repository(name)) => name.clone(),
        Some(place @ Place::Layout(_)) => {
            let place = place.to_string();
            return Err(ClusterError::NotARegistry { place }.into());
        }
    };
    let of_pods = match &settings.registry_of_pods {
        None => exchange.clone(),
        Some(Place::Repository(name)) => name.clone(),
        Some(place @ Place::Layout(_)) => {
            let place = place.to_string();
            return Err(ClusterError::NotARegistry { place }.into());
        }
    };
    // The client library takes the provider that is installed.
    drop(crate::certificates::tls());
    let mut config = configuration(&settings).await?;
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(SILENCE);
    let address = config.cluster_url.to_string();
    let address = address.trim_end_matches('/').to_owned();
    let namespace = settings
        .namespace
        .clone()
        .unwrap_or_else(|| config.default_namespace.clone());
    let unusable = |source| ClusterError::Kubeconfig { source };
    let client = Client::try_from(config).map_err(|error| unusable(Box::new(error)))?;
    let version = client.apiserver_version().await.map_err(|error| {
        failed(
            error,
            Asked {
                verb: "get",
                resource: "version",
                what: "its version",
                namespace: &namespace,
                address: &address,
            },
        )
    })?;
    let engine = KubernetesEngine::new(
        settings,
        client,
        (&version.git_version, &version.minor),
        (address, namespace),
        (exchange, of_pods),
    );
    Ok(Arc::new(engine))
}

/// Where the cluster is: of the files, or of the pod that this is.
async fn configuration(settings: &ClusterSettings) -> Result<Config, ClusterError> {
    let unusable = |source| ClusterError::Kubeconfig { source };
    let mut merged = None::<Kubeconfig>;
    for file in &settings.kubeconfig {
        let read = Kubeconfig::read_from(file).map_err(|error| unusable(Box::new(error)))?;
        merged = Some(match merged {
            None => read,
            Some(before) => before
                .merge(read)
                .map_err(|error| unusable(Box::new(error)))?,
        });
    }
    let Some(merged) = merged else {
        return Config::incluster().map_err(|error| unusable(Box::new(error)));
    };
    let options = KubeConfigOptions {
        context: settings.context.clone(),
        ..KubeConfigOptions::default()
    };
    let config = Config::from_custom_kubeconfig(merged, &options).await;
    config.map_err(|error| unusable(Box::new(error)))
}
