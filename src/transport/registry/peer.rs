//! A registry as it is reached: with this tool's TLS and proxies, and the user's credentials.

use std::io;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};

use super::answer::{errors_in, innermost, read_up_to};
use crate::certificates::tls;
use crate::transport::client_settings::ClientSettings;
use crate::transport::credentials::Credentials;
use crate::transport::error::TransportError;
use crate::transport::patience::Patience;
use crate::transport::reference::RepositoryName;

/// As many as browsers and git follow, roughly.
const MOST_REDIRECTS: usize = 10;
/// Longest message of an error that is read, in bytes.
const LONGEST_MESSAGE: u64 = 64 << 10;

/// A registry, for one of its repositories.
pub(super) struct Peer {
    pub(super) client: Client,
    pub(super) name: RepositoryName,
    /// `https://host:port/`.
    base: Url,
    pub(super) credentials: Option<Credentials>,
    /// Whether something is to be written.
    pub(super) writes: bool,
    pub(super) patience: Patience,
}

impl Peer {
    pub(super) fn new(
        name: &RepositoryName,
        settings: &ClientSettings,
        credentials: Option<Credentials>,
        writes: bool,
        patience: Patience,
    ) -> Result<Self, TransportError> {
        let registry = name.registry.clone();
        let proxies = settings.proxies.clone();
        let client = Client::builder()
            .user_agent(concat!("kmembuild/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(tls())
            .redirect(redirects())
            .connect_timeout(patience.stall)
            // The environment was read already.
            .no_proxy()
            .proxy(reqwest::Proxy::custom(move |url| {
                proxies.address_for(url.as_str())
            }))
            .build()
            .map_err(|source| TransportError::Client { registry, source })?;
        let scheme = if name.is_plain() { "http" } else { "https" };
        // Docker Hub's registry has another name than its images.
        let host = match name.registry.as_str() {
            "docker.io" | "index.docker.io" => "registry-1.docker.io",
            host => host,
        };
        let base =
            Url::parse(&format!("{scheme}://{host}/")).map_err(|error| TransportError::Answer {
                operation: "use the registry".to_owned(),
                registry: name.registry.clone(),
                reason: format!("has an address that is not valid: {error}"),
            })?;
        Ok(Self {
            client,
            name: name.clone(),
            base,
            credentials,
            writes,
            patience,
        })
    }

    /// The URL of something in the repository: `blobs/sha256:...`.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("v2/{}/{path}", self.name.repository));
        url
    }

    /// Where an answer leads to. Only there, and only if it is the registry itself, credentials are sent.
    ///
    /// # Errors
    /// [`TransportError::Answer`] for a place without TLS that is not the registry.
    pub(super) fn location(
        &self,
        from: &Url,
        location: &str,
        operation: &str,
    ) -> Result<Url, TransportError> {
        let wrong = |reason: &str| self.wrong_answer(operation, reason);
        let url = from
            .join(location)
            .map_err(|_| wrong("names a place that is not a URL"))?;
        if self.is_own(&url) || url.scheme() == "https" {
            Ok(url)
        } else {
            Err(wrong("leads to a place without TLS"))
        }
    }

    /// Whether a URL is the registry's own.
    pub(super) fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// The registry, for messages.
    pub(super) fn registry(&self) -> String {
        self.name.registry.clone()
    }

    pub(super) fn stalled(&self, operation: &str) -> TransportError {
        TransportError::Stalled {
            operation: operation.to_owned(),
            registry: self.registry(),
            limit: self.patience.stall,
        }
    }

    pub(super) fn unauthorized(&self, operation: &str) -> TransportError {
        TransportError::Unauthorized {
            operation: operation.to_owned(),
            registry: self.registry(),
            had_credentials: self.credentials.is_some(),
        }
    }

    pub(super) fn wrong_answer(
        &self,
        operation: &str,
        reason: impl Into<String>,
    ) -> TransportError {
        TransportError::Answer {
            operation: operation.to_owned(),
            registry: self.registry(),
            reason: reason.into(),
        }
    }

    pub(super) fn disconnected(&self, operation: &str, error: &reqwest::Error) -> TransportError {
        TransportError::Connection {
            operation: operation.to_owned(),
            registry: self.registry(),
            source: io::Error::other(innermost(error)),
        }
    }

    /// An answer that is none of those that were expected.
    pub(super) async fn refused(&self, operation: &str, answer: Response) -> TransportError {
        TransportError::Refused {
            operation: operation.to_owned(),
            registry: self.registry(),
            status: answer.status().as_u16(),
            message: self.message(answer).await,
        }
    }

    /// What an answer says of an error, as much as is worth showing.
    pub(super) async fn message(&self, answer: Response) -> String {
        let read = read_up_to(answer, LONGEST_MESSAGE, self.patience.stall).await;
        let Ok(Some(bytes)) = read else {
            return String::new();
        };
        errors_in(&bytes)
    }
}

/// Follows an answer to another address on the same host or to one with TLS, and never from TLS to a place without.
fn redirects() -> Policy {
    Policy::custom(|attempt| {
        let next = attempt.url();
        let is_followed = attempt.previous().last().is_some_and(|from| {
            let same = from.origin() == next.origin();
            same || next.scheme() == "https"
        });
        if is_followed && attempt.previous().len() <= MOST_REDIRECTS {
            attempt.follow()
        } else {
            attempt.error("refused redirect")
        }
    })
}
