//! Downloads of blobs: streamed, resumed, checked.

use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::connection::{Again, Request};
use super::repository::Registry;
use super::stall::Movement;
use crate::events::Event;
use crate::transport::checking::Checking;
use crate::transport::document::Descriptor;
use crate::transport::error::TransportError;

/// How often a download is resumed in all, however well each attempt begins.
const MOST_RESUMED: u32 = 100;

impl Registry<'_> {
    /// Writes a blob to `out` while it comes. Where the connection is lost it is resumed from where it ended; a registry that
    /// cannot do that sends the blob again, and what is known of it is left out.
    pub(crate) async fn fetch(
        &self,
        blob: &Descriptor,
        out: &mut (dyn AsyncWrite + Unpin + Send),
    ) -> Result<(), TransportError> {
        let operation = format!("fetch blob {}", blob.digest.short());
        let mut checking = Checking::new(self.place(), blob);
        let (mut attempt, mut resumed) = (1, 0);
        loop {
            let before = checking.so_far();
            let answer = self.ask_from(&operation, blob, before).await?;
            let outcome = self
                .receive(&operation, answer, blob, &mut checking, out)
                .await?;
            let Some(lost) = outcome else {
                out.flush().await.map_err(|source| TransportError::HandOn {
                    digest: blob.digest.clone(),
                    source,
                })?;
                return checking.finish();
            };
            // An attempt that got further is a good one; but not for ever.
            if checking.so_far() > before {
                attempt = 1;
            }
            resumed += 1;
            if resumed >= MOST_RESUMED {
                return Err(lost);
            }
            self.connection
                .again(&operation, attempt, Again::Lost(lost), None)
                .await?;
            attempt += 1;
        }
    }

    async fn ask_from(
        &self,
        operation: &str,
        blob: &Descriptor,
        from: u64,
    ) -> Result<Response, TransportError> {
        let url = self.connection.peer.url(&format!("blobs/{}", blob.digest));
        let answer = self
            .connection
            .send(&Request {
                operation: operation.to_owned(),
                make: &|client| {
                    let request = client.get(url.clone());
                    Ok(if from > 0 {
                        request.header(RANGE, format!("bytes={from}-"))
                    } else {
                        request
                    })
                },
                movement: Movement::default(),
            })
            .await?;
        match answer.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(answer),
            StatusCode::NOT_FOUND => Err(self.not_found(format!("blob {}", blob.digest))),
            _ => Err(self.connection.peer.refused(operation, answer).await),
        }
    }

    /// Takes what an answer brings. Returns the error with which it ended early, if the rest can still be asked for.
    async fn receive(
        &self,
        operation: &str,
        mut answer: Response,
        blob: &Descriptor,
        checking: &mut Checking,
        out: &mut (dyn AsyncWrite + Unpin + Send),
    ) -> Result<Option<TransportError>, TransportError> {
        let mut known = self.known_of(operation, &answer, checking.so_far())?;
        while checking.so_far() < blob.size {
            let chunk =
                tokio::time::timeout(self.connection.peer.patience.stall, answer.chunk()).await;
            let chunk = match chunk {
                Err(_) => return Err(self.connection.peer.stalled(operation)),
                Ok(Err(error)) => {
                    return Ok(Some(self.connection.peer.disconnected(operation, &error)));
                }
                Ok(Ok(None)) => {
                    let reason = "ended an answer before its end";
                    return Ok(Some(self.connection.peer.wrong_answer(operation, reason)));
                }
                Ok(Ok(Some(chunk))) => chunk,
            };
            let skipped =
                usize::try_from(known).map_or(chunk.len(), |known| known.min(chunk.len()));
            known -= skipped as u64;
            let chunk = &chunk[skipped..];
            checking.add(chunk)?;
            out.write_all(chunk)
                .await
                .map_err(|source| TransportError::HandOn {
                    digest: blob.digest.clone(),
                    source,
                })?;
            self.connection.sink.event(&Event::Transfer {
                item: blob.digest.short().to_owned(),
                action: "downloading".to_owned(),
                current: checking.so_far(),
                total: blob.size,
            });
        }
        Ok(None)
    }

    /// How much of an answer is known already: all that was read before, or nothing where the registry resumes.
    fn known_of(
        &self,
        operation: &str,
        answer: &Response,
        from: u64,
    ) -> Result<u64, TransportError> {
        if answer.status() != StatusCode::PARTIAL_CONTENT {
            return Ok(from);
        }
        let range = answer.headers().get(CONTENT_RANGE);
        let begin = range
            .and_then(|range| range.to_str().ok())
            .and_then(|range| range.strip_prefix("bytes ")?.split_once('-'))
            .and_then(|(begin, _)| begin.parse::<u64>().ok());
        if begin == Some(from) {
            return Ok(0);
        }
        let reason = "gave another part of a blob than was asked for";
        Err(self.connection.peer.wrong_answer(operation, reason))
    }
}
