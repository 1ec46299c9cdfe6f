//! What is said about an error beside its text, and the failure that it is.

use crate::build::BuildError;
use crate::failure::{Failure, FailureKind};

/// What is to be said about an error beside its text.
pub(crate) struct Advice {
    pub(super) kind: FailureKind,
    pub(super) hints: Vec<String>,
}

impl Advice {
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(super) fn hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.hints.extend(hints);
        self
    }
}

impl From<FailureKind> for Advice {
    fn from(kind: FailureKind) -> Self {
        let hints = Vec::new();
        Self { kind, hints }
    }
}

/// An error that a command can end with.
pub(crate) trait Explain: std::error::Error {
    /// Its exit code and what the user can do.
    fn advice(&self) -> Advice;

    /// Whether it is only how the user's wish to stop came through.
    fn is_interruption(&self) -> bool {
        false
    }
}

/// The failure that an error is.
pub(crate) fn explain<E: Explain>(error: &E) -> Failure {
    if error.is_interruption() {
        return interrupted();
    }
    let Advice { kind, hints } = error.advice();
    Failure {
        hints,
        ..Failure::of(kind, error)
    }
}

impl<E: Explain> From<E> for Failure {
    fn from(error: E) -> Self {
        explain(&error)
    }
}

/// The failure of a run that the user stopped.
pub(crate) fn interrupted() -> Failure {
    Failure::new(FailureKind::Interrupted, BuildError::Interrupted)
}
