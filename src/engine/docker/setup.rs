//! The engine's configuration.

use bollard::models::RegistryServiceConfig;
use bollard::query_parameters::InspectNetworkOptions;

use super::client::Client;
use super::failure::status;
use crate::engine::{EngineError, Setup};

/// The network of a container unless another one is chosen.
const DEFAULT_NETWORK: &str = "bridge";

impl Client {
    pub(super) async fn setup(&self) -> Result<Setup, EngineError> {
        let operation = "describe its configuration";
        let info = self.docker.info().await;
        let info = info.map_err(|error| self.failed(operation, error))?;
        let network = self
            .docker
            .inspect_network(DEFAULT_NETWORK, None::<InspectNetworkOptions>);
        let (has_bridge, bridge) = match network.await {
            Ok(found) => {
                let mut options = found.options.unwrap_or_default();
                (true, options.remove("com.docker.network.bridge.name"))
            }
            Err(error) if status(&error) == Some(404) => (false, None),
            Err(error) => return Err(self.failed("inspect its default bridge", error)),
        };
        let registries = info.registry_config.unwrap_or_default();
        Ok(Setup {
            memory: info
                .mem_total
                .and_then(|bytes| u64::try_from(bytes).ok())
                .filter(|bytes| *bytes > 0),
            storage_driver: info.driver.filter(|name| !name.is_empty()),
            root_folder: info.docker_root_dir.filter(|path| !path.is_empty()),
            cgroup_version: info
                .cgroup_version
                .map(|version| version.to_string())
                .filter(|version| !version.is_empty()),
            cgroup_driver: info
                .cgroup_driver
                .map(|driver| driver.to_string())
                .filter(|driver| !driver.is_empty()),
            forwards: info.ipv4_forwarding,
            http_proxy: info.http_proxy.unwrap_or_default(),
            https_proxy: info.https_proxy.unwrap_or_default(),
            no_proxy: info.no_proxy.unwrap_or_default(),
            insecure_registries: insecure_registries(&registries),
            hub_mirrors: registries.mirrors.unwrap_or_default(),
            has_bridge,
            bridge,
        })
    }
}

/// The hosts and the networks, which the engine reports separately.
fn insecure_registries(registries: &RegistryServiceConfig) -> Vec<String> {
    let hosts = registries.index_configs.iter().flatten();
    let hosts = hosts
        .filter(|(_, index)| index.secure == Some(false))
        .map(|(host, _)| host);
    let networks = registries.insecure_registry_cidrs.iter().flatten();
    let mut all: Vec<_> = hosts.chain(networks).cloned().collect();
    all.sort_unstable();
    all
}
