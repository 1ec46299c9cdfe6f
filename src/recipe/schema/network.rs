use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Network access of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Nothing but loopback.
    None,
    /// Whatever the engine's host reaches.
    Open,
}
