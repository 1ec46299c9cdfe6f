//! One word that is offered.

/// What a word can become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The word, as far as the shell replaces it.
    pub(crate) word: String,
    /// What it means, in one line; may be empty.
    pub(crate) meaning: String,
}

impl Candidate {
    /// A candidate with its meaning.
    pub(super) fn new(word: impl Into<String>, meaning: impl Into<String>) -> Self {
        Self {
            word: word.into(),
            meaning: meaning.into(),
        }
    }
}
