//! What the docker command would use of its user's.

use std::path::PathBuf;

use crate::environment::{Proxies, Secret};

/// Where the docker command's credentials and proxies are.
#[derive(Debug, Clone, Default)]
pub struct ClientSettings {
    /// The docker command's configuration file. It need not exist; it is read when it is needed.
    pub file: Option<PathBuf>,
    /// The value of `DOCKER_AUTH_CONFIG`: credentials that come before those of the file.
    pub variable: Option<Secret>,
    /// The proxies of the environment, for image builds: those of the file come before them.
    pub proxies: Proxies,
}
