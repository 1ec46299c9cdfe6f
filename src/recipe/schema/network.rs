use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Whether the steps of a build reach the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Nothing but loopback.
    None,
    /// Whatever the engine's host reaches.
    Open,
}

/// Every name that a recipe may use.
const NAMES: &[&str] = &["none", "open"];

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match name.as_str() {
            "none" => Ok(Self::None),
            "open" => Ok(Self::Open),
            // Its name before there were engines without such a thing.
            "bridge" => Err(D::Error::custom(
                "`network: bridge` is no longer supported; use `network: open`",
            )),
            other => Err(D::Error::unknown_variant(other, NAMES)),
        }
    }
}
