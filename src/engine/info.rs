//! What an engine is.

/// What an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// The product.
    pub product: Product,
    /// Product and version, e.g. `Docker Engine 20.10.24`.
    pub version: String,
    /// Version of the API in use, e.g. `1.41`.
    pub api_version: String,
    /// Architecture of its sessions in Go's terms: `amd64`, `arm64`.
    pub architecture: String,
    /// The address at which it was reached.
    pub address: String,
}

/// Products that behave differently. Upstream's script requires [`Product::Docker`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Docker, or an engine that behaves like it.
    Docker,
    /// Podman behind Docker's API.
    Podman,
    /// Anything else.
    Other,
}

/// What an engine has for sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Processors.
    pub processors: u64,
    /// Memory, in bytes.
    pub memory: u64,
}
