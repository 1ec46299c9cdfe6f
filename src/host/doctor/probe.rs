//! Asks places whether they answer: whether their name is resolved, whether they can be connected to, what they say.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use hyper_util::client::proxy::matcher::Matcher;
use jiff::Timestamp;
use reqwest::{Client, Proxy, Url};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::net::{TcpStream, lookup_host};

use super::places::{Place, PlaceKind, Target};
use crate::environment::Proxies;
use crate::source::shown;

/// How many places are asked at a time.
const AT_A_TIME: usize = 8;

/// What came of asking one place.
#[derive(Debug)]
pub struct Probe {
    /// The answer, or how far it came.
    pub outcome: Result<Answer, ProbeError>,
    /// Time from the first look at its name to the head of its answer.
    pub milliseconds: u64,
    /// The proxy that was gone through, without a password.
    pub proxy: Option<String>,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Over http.
    Http {
        /// The status.
        status: u16,
        /// By how many seconds this host was ahead of the server, where that told the time.
        ahead: Option<i64>,
    },
    /// A connection was taken; nothing was asked.
    Connected,
    /// A folder of this host.
    Folder,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// There is no such name.
    #[error("the name {host} is not resolved")]
    Resolve {
        /// The host.
        host: String,
        /// The resolver's words.
        #[source]
        source: io::Error,
    },
    /// No connection could be made.
    #[error("{host} port {port} cannot be connected to")]
    Connect {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The connection came to nothing: TLS, a proxy that refuses, an answer that is none.
    #[error("connected, and no answer came: {reason}")]
    Answer {
        /// The innermost reason.
        reason: String,
    },
    /// The time was up.
    #[error("{stage} took longer than {}", humantime::format_duration(*limit))]
    TimedOut {
        /// What had been begun.
        stage: &'static str,
        /// The time for all of it.
        limit: Duration,
    },
    /// The folder is not a repository.
    #[error("there is no repository in this folder")]
    NoRepository,
    /// Nothing could be asked.
    #[error("{reason}")]
    NotAsked {
        /// Why.
        reason: String,
    },
}

/// Asks places, through the proxies that are named for them.
pub struct Prober {
    own: Matcher,
    engine: Matcher,
    limit: Duration,
    tls: ClientConfig,
    /// By the proxy they go through.
    clients: Mutex<BTreeMap<String, Client>>,
}

impl Prober {
    /// Asks sources and Debian's archive through the proxies of this process's environment (`own`), registries through
    /// those of the engine. No place takes longer than `limit`.
    pub fn new(own: &Proxies, engine: &Proxies, limit: Duration) -> Self {
        Self {
            own: matcher(own),
            engine: matcher(engine),
            limit,
            tls: tls(),
            clients: Mutex::default(),
        }
    }

    /// Asks all of them, several at a time; the answers are in the order of the places.
    pub async fn ask(&self, places: &[Place]) -> Vec<Probe> {
        let probes = places.iter().map(|place| self.ask_one(place));
        stream::iter(probes).buffered(AT_A_TIME).collect().await
    }

    async fn ask_one(&self, place: &Place) -> Probe {
        let started = Instant::now();
        let mut stage = "resolving its name";
        let mut proxy = None;
        let asking = self.reach(place, &mut stage, &mut proxy);
        let outcome = match tokio::time::timeout(self.limit, asking).await {
            Ok(outcome) => outcome,
            Err(_) => Err(ProbeError::TimedOut {
                stage,
                limit: self.limit,
            }),
        };
        Probe {
            outcome,
            milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            proxy,
        }
    }

    async fn reach(
        &self,
        place: &Place,
        stage: &mut &'static str,
        through: &mut Option<String>,
    ) -> Result<Answer, ProbeError> {
        let url = match &place.target {
            Target::Http(url) => url,
            Target::Connection { host, port } => {
                return connect(host, *port, stage)
                    .await
                    .map(|()| Answer::Connected);
            }
            Target::Folder(folder) => return look_at(folder),
            Target::Unusable(reason) => {
                return Err(ProbeError::NotAsked {
                    reason: reason.clone(),
                });
            }
        };
        let matcher = match place.kind {
            PlaceKind::Registry => &self.engine,
            PlaceKind::Source | PlaceKind::Debian => &self.own,
        };
        let proxy = proxy_for(matcher, url)?;
        *through = proxy.as_ref().map(|proxy| shown(proxy.as_str()));
        let first = proxy.as_ref().unwrap_or(url);
        let host = first.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = first.port_or_known_default().unwrap_or(80);
        connect(host, port, stage).await?;
        *stage = "the answer";
        self.request(url, proxy.as_ref()).await
    }

    async fn request(&self, url: &Url, proxy: Option<&Url>) -> Result<Answer, ProbeError> {
        let failed = |error: reqwest::Error| ProbeError::Answer {
            reason: innermost(&error),
        };
        let client = self.client(proxy).map_err(failed)?;
        // The body is not read: it may be large, and the head tells.
        let answer = client.get(url.clone()).send().await.map_err(failed)?;
        let date = answer.headers().get(reqwest::header::DATE);
        let date = date.and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        Ok(Answer::Http {
            status: answer.status().as_u16(),
            ahead: date.map(|date| Timestamp::now().as_second() - date.timestamp().as_second()),
        })
    }

    fn client(&self, proxy: Option<&Url>) -> Result<Client, reqwest::Error> {
        let key = proxy.map(Url::to_string).unwrap_or_default();
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let builder = Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .user_agent(concat!("kmembuild/", env!("CARGO_PKG_VERSION")))
            // Only what was decided here, and nothing that the environment says beside it.
            .no_proxy();
        let builder = match proxy {
            Some(proxy) => builder.proxy(Proxy::all(proxy.clone())?),
            None => builder,
        };
        let client = builder.build()?;
        clients.insert(key, client.clone());
        Ok(client)
    }
}

/// TLS that trusts what this system trusts. A system without certificates trusts nobody, and can be asked over http.
fn tls() -> ClientConfig {
    // Fails when there is one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut roots = RootCertStore::empty();
    // A certificate that cannot be read is one that is not trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn matcher(proxies: &Proxies) -> Matcher {
    Matcher::builder()
        .all(proxies.all.as_str())
        .http(proxies.http.as_str())
        .https(proxies.https.as_str())
        .no(proxies.none.as_str())
        .build()
}

/// The proxy that requests to `url` go through, with its credentials.
fn proxy_for(matcher: &Matcher, url: &Url) -> Result<Option<Url>, ProbeError> {
    let unusable = |reason: String| ProbeError::NotAsked { reason };
    let uri = url.as_str().parse();
    let uri = uri.map_err(|error| unusable(format!("it is not a URL: {error}")))?;
    let Some(found) = matcher.intercept(&uri) else {
        return Ok(None);
    };
    let mut proxy = Url::parse(&found.uri().to_string())
        .map_err(|error| unusable(format!("the proxy for it is not a URL: {error}")))?;
    if let Some((user, password)) = found.raw_auth() {
        // Neither can be refused by a URL that has a host.
        let _ = proxy.set_username(user);
        let _ = proxy.set_password(Some(password));
    }
    Ok(Some(proxy))
}

async fn connect(host: &str, port: u16, stage: &mut &'static str) -> Result<(), ProbeError> {
    let resolved = lookup_host((host, port)).await;
    let addresses: Vec<_> = resolved
        .map_err(|source| ProbeError::Resolve {
            host: host.to_owned(),
            source,
        })?
        .collect();
    *stage = "connecting";
    let connected = TcpStream::connect(addresses.as_slice()).await;
    connected.map(drop).map_err(|source| ProbeError::Connect {
        host: host.to_owned(),
        port,
        source,
    })
}

/// A repository has a HEAD, in its folder or in the folder `.git` of a work tree.
fn look_at(folder: &Path) -> Result<Answer, ProbeError> {
    let heads = [folder.join("HEAD"), folder.join(".git/HEAD")];
    if heads.iter().any(|head| head.exists()) {
        Ok(Answer::Folder)
    } else {
        Err(ProbeError::NoRepository)
    }
}

/// The innermost words: what is around them repeats the URL, with its password.
fn innermost(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
