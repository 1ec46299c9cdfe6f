//! What was found in a shared cache.

use super::statement::SharedResult;

/// A result in a shared cache, whose statement was verified.
#[derive(Debug, Clone)]
pub struct SharedEntry {
    /// What is signed.
    pub result: SharedResult,
    /// Id of the key that signed it.
    pub signer: String,
    /// Name of the place.
    pub place: String,
    /// Which of the places.
    pub(super) index: usize,
    /// Its tag there.
    pub(super) tag: String,
}
