//! Bytes on their way to the engine.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;

use crate::engine::{ByteStream, EngineError};

/// Remembers why an outgoing stream failed. The HTTP client reports that as a lost connection, which would blame the
/// engine for an error on this side.
#[derive(Clone, Default)]
pub(super) struct ReadFailure(Arc<Mutex<Option<io::Error>>>);

impl ReadFailure {
    /// `stream` with its failure recorded.
    pub(super) fn watch(stream: ByteStream) -> (ByteStream, Self) {
        let failure = Self::default();
        let watcher = failure.clone();
        let stream = stream.map(move |part| {
            part.map_err(|error| {
                let kind = error.kind();
                *watcher.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                io::Error::from(kind)
            })
        });
        (stream.boxed(), failure)
    }

    /// The stream's own error if there was one, otherwise `error`.
    pub(super) fn or(&self, operation: &str, error: EngineError) -> EngineError {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(source) => EngineError::Unreadable {
                operation: operation.to_owned(),
                source,
            },
            None => error,
        }
    }
}
