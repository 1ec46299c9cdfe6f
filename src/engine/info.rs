//! What an engine is.

/// What an engine is and what it can do.
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
    /// What it can do.
    pub capabilities: Capabilities,
    /// Why no other engine is used, where nobody chose this one.
    pub instead_of: Option<String>,
}

/// Products that behave differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Docker, or an engine that behaves like it.
    Docker,
    /// Podman behind Docker's API.
    Podman,
    /// An OCI runtime without a daemon.
    Runtime,
    /// The container that the tool runs in.
    Local,
    /// A Kubernetes cluster.
    Kubernetes,
    /// Anything else.
    Other,
}

/// What an engine can do. What it cannot do is refused before any work begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent capabilities")]
pub struct Capabilities {
    /// It gets the image that a build asks for. Without it, there is one image: the file system that the tool runs in.
    pub gets_images: bool,
    /// It builds images by a Dockerfile.
    pub builds_dockerfile: bool,
    /// It can run a session without network.
    pub cuts_network: bool,
    /// It can limit the memory of a session.
    pub limits_memory: bool,
    /// It can limit the processors of a session.
    pub limits_processors: bool,
    /// Caches of a session are there again in the next one. Without it every session has empty ones, which costs time
    /// and nothing else; so nothing is refused for it.
    pub keeps_caches: bool,
    /// A session can drive the engine by a socket of the engine's host.
    pub has_host_socket: bool,
}

/// What an engine has for sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Processors.
    pub processors: u64,
    /// Memory, in bytes.
    pub memory: u64,
}

/// The kernel's name of an architecture in Go's terms; a name in Go's terms stays as it is.
pub(super) fn go_architecture(name: &str) -> &str {
    match name {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "armv7l" | "armv6l" | "armhf" => "arm",
        "i386" | "i686" => "386",
        "ppc64el" => "ppc64le",
        "loongarch64" => "loong64",
        other => other,
    }
}
