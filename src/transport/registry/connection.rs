//! The connection to a registry: requests, with authorisation and again where that may help.

use std::sync::Mutex;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Client, RequestBuilder, Response, StatusCode};

use super::answer::{is_refused_certificate, retry_after};
use super::authorization::{Challenge, authorize};
use super::peer::Peer;
use super::stall::{Movement, unless_stalled};
use crate::events::{Sink, Warning};
use crate::transport::error::TransportError;

/// The connection to a registry, for one of its repositories.
pub(super) struct Connection<'a> {
    pub(super) peer: Peer,
    pub(super) sink: &'a dyn Sink,
    authorization: Mutex<Option<HeaderValue>>,
}

/// A request that can be made again.
pub(super) struct Request<'r> {
    /// What it does, as it follows "could not".
    pub(super) operation: String,
    /// Makes it.
    pub(super) make: &'r (dyn Fn(&Client) -> Result<RequestBuilder, TransportError> + Sync),
    /// What of its body was sent.
    pub(super) movement: Movement,
}

impl<'a> Connection<'a> {
    pub(super) fn new(peer: Peer, sink: &'a dyn Sink) -> Self {
        Self {
            peer,
            sink,
            authorization: Mutex::default(),
        }
    }

    /// Sends a request, again where that may help: with authorisation when that is asked for, and after a pause when the registry
    /// is busy or broken, or the connection is lost. Other answers are the caller's.
    pub(super) async fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        let operation = &request.operation;
        let (mut attempt, mut has_authorised) = (1, false);
        loop {
            let mut builder = (request.make)(&self.peer.client)?;
            if let Some(header) = self.authorization() {
                // Not to another place, where an upload may be.
                let (client, built) = builder.build_split();
                let mut built = built.map_err(|error| self.peer.disconnected(operation, &error))?;
                if self.peer.is_own(built.url()) {
                    built.headers_mut().insert(AUTHORIZATION, header);
                }
                builder = RequestBuilder::from_parts(client, built);
            }
            let sending =
                unless_stalled(builder.send(), &request.movement, self.peer.patience.stall);
            let Some(sent) = sending.await else {
                return Err(self.peer.stalled(operation));
            };
            let (why, asked) = match sent {
                Err(error) if error.is_redirect() => {
                    return Err(self
                        .peer
                        .wrong_answer(operation, "leads to a place that it should not"));
                }
                // A request that cannot be made will not be made later; a certificate stays as it is.
                Err(error) if error.is_builder() || is_refused_certificate(&error) => {
                    return Err(self.peer.disconnected(operation, &error));
                }
                // A name that is not known, or nothing that listens: once more at most, for there may be many mirrors.
                Err(error) if error.is_connect() => {
                    let failed = self.peer.disconnected(operation, &error);
                    if attempt >= CONNECTING {
                        return Err(failed);
                    }
                    (Again::Unreached(failed), None)
                }
                Err(error) => (Again::Lost(self.peer.disconnected(operation, &error)), None),
                Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => {
                    if has_authorised {
                        return Err(self.peer.unauthorized(operation));
                    }
                    let challenge = Challenge::of(&answer.headers().get_all(WWW_AUTHENTICATE));
                    let header = Box::pin(authorize(&self.peer, operation, challenge)).await?;
                    self.remember(header);
                    has_authorised = true;
                    continue;
                }
                Ok(answer) if is_busy(answer.status()) => {
                    let (status, asked) = (answer.status().as_u16(), retry_after(answer.headers()));
                    if let Some(after) =
                        asked.filter(|after| *after > self.peer.patience.longest_asked)
                    {
                        return Err(TransportError::Later {
                            operation: operation.clone(),
                            registry: self.peer.registry(),
                            status,
                            after,
                        });
                    }
                    let message = self.peer.message(answer).await;
                    (Again::Busy { status, message }, asked)
                }
                Ok(answer) => return Ok(answer),
            };
            self.again(operation, attempt, why, asked).await?;
            attempt += 1;
        }
    }

    /// Waits before another attempt, or ends when there were enough.
    pub(super) async fn again(
        &self,
        operation: &str,
        attempt: u32,
        why: Again,
        asked: Option<Duration>,
    ) -> Result<(), TransportError> {
        if attempt >= self.peer.patience.attempts {
            return Err(match why {
                Again::Lost(error) | Again::Unreached(error) => error,
                Again::Busy { status, message } => TransportError::Busy {
                    operation: operation.to_owned(),
                    registry: self.peer.registry(),
                    status,
                    attempts: attempt,
                    message,
                },
            });
        }
        let pause = asked.unwrap_or_else(|| self.peer.patience.pause(attempt));
        let reason = match &why {
            Again::Lost(_) => "lost the connection".to_owned(),
            Again::Unreached(_) => "could not be reached".to_owned(),
            Again::Busy { status, .. } => format!("answered {status}"),
        };
        let warning =
            Warning::RegistryAgain(self.peer.registry(), reason, operation.to_owned(), pause);
        self.sink.event(&warning.into());
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn authorization(&self) -> Option<HeaderValue> {
        let known = self.authorization.lock();
        known.ok().and_then(|header| header.clone())
    }

    fn remember(&self, mut header: HeaderValue) {
        header.set_sensitive(true);
        if let Ok(mut known) = self.authorization.lock() {
            *known = Some(header);
        }
    }
}

/// Why something is tried again.
pub(super) enum Again {
    /// There was a connection.
    Lost(TransportError),
    /// There was none.
    Unreached(TransportError),
    Busy {
        status: u16,
        message: String,
    },
}

/// Attempts to connect.
const CONNECTING: u32 = 2;

fn is_busy(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}
