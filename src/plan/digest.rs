//! Digests of plans and of parts of them.

use serde::Serialize;

use super::types::Plan;
use crate::checksum::sha256_hex;

/// `value` as JSON that is the same for equal values: struct fields in their order, maps sorted.
///
/// # Panics
/// Never for the types of this crate: their maps have text keys, the one thing that JSON could refuse.
pub fn canonical_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).expect("plan types have text keys only") + "\n"
}

impl Plan {
    /// Sha256 of the plan's canonical form: equal plans, and only those, have equal digests.
    pub fn digest(&self) -> String {
        sha256_hex(canonical_json(self).as_bytes())
    }
}
