//! The user's configuration: `file` reads it, `kubernetes` is its section on a cluster.

mod file;
mod kubernetes;

pub use file::{Configuration, ConfigurationError};
pub use kubernetes::{AcceptedTaint, KubernetesConfiguration, RegistryPlace};
