//! What a file is expected to be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::glibc_version::GlibcVersion;

/// What a file is expected to be; what is `None` is not checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Expectations {
    /// Kernel-memory accounting.
    pub kmem: Option<KmemExpectation>,
    /// True: starts without any library of the host. False: uses the host's libraries.
    pub static_linked: Option<bool>,
    /// Go's name of the architecture, e.g. `amd64`.
    pub architecture: Option<String>,
    /// The oldest glibc that it must start with, e.g. 2.17 for `CentOS` 7.
    pub glibc_floor: Option<GlibcVersion>,
    /// What it prints about its version.
    pub version: Option<VersionExpectation>,
}

/// Required state of kernel-memory accounting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KmemExpectation {
    /// Never turned on, for whatever reason.
    Off,
}

/// What a binary is expected to print about its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct VersionExpectation {
    /// Arguments that make it print its version, e.g. `--version`.
    pub arguments: Vec<String>,
    /// Texts that must be in the output as whole words: `1.0.0-rc9` is not in `1.0.0-rc93`.
    pub contains: Vec<String>,
}
