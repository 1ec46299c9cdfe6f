use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether the steps of a build reach the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Nothing but loopback.
    None,
    /// Whatever the engine's host reaches.
    Open,
}
