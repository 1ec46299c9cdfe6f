//! How the engine is set up.

use bollard::query_parameters::InspectNetworkOptions;

use super::client::Client;
use super::failure::status;
use crate::engine::{EngineError, Setup};

/// The network of a container that asks for none in particular.
const DEFAULT_NETWORK: &str = "bridge";

impl Client {
    pub(super) async fn setup(&self) -> Result<Setup, EngineError> {
        let operation = "tell how it is set up";
        let info = self.docker.info().await;
        let info = info.map_err(|error| self.failed(operation, error))?;
        let network = self
            .docker
            .inspect_network(DEFAULT_NETWORK, None::<InspectNetworkOptions>);
        let has_bridge = match network.await {
            Ok(_) => true,
            Err(error) if status(&error) == Some(404) => false,
            Err(error) => return Err(self.failed("look at its default bridge", error)),
        };
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
            forwards: info.ipv4_forwarding,
            http_proxy: info.http_proxy.unwrap_or_default(),
            https_proxy: info.https_proxy.unwrap_or_default(),
            no_proxy: info.no_proxy.unwrap_or_default(),
            has_bridge,
        })
    }
}
