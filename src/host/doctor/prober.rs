//! Asks places whether they answer: whether their name is resolved, whether they can be connected to, what they say.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use hyper_util::client::proxy::matcher::Matcher;
use jiff::Timestamp;
use reqwest::header::{AGE, DATE, HeaderMap, HeaderName};
use reqwest::{Client, Url};
use rustls::{ClientConfig, RootCertStore};

use super::connection::{connect, resolve};
use super::insecure::InsecureRegistries;
use super::places::{Place, PlaceKind};
use super::probe::{Answer, Probe, ProbeError};
use super::proxy::{Proxy, matcher};
use super::targets::Target;
use crate::environment::Proxies;

/// How many places are asked at a time.
const AT_A_TIME: usize = 8;
/// The first thing that is done about a host.
const RESOLVING: &str = "resolving its name";

/// How the engine reaches registries, as far as it tells.
#[derive(Debug, Clone, Default)]
pub struct EngineRoute {
    /// The proxies that it goes through.
    pub proxies: Proxies,
    /// It was the engine that told them, which it does without their passwords.
    pub hides_passwords: bool,
    /// Registries that it trusts without TLS, as [`crate::engine::Setup::insecure_registries`].
    pub insecure: Vec<String>,
}

/// Asks places, through the proxies that are named for them.
pub struct Prober {
    own: Matcher,
    engine: Matcher,
    engine_hides_passwords: bool,
    insecure: InsecureRegistries,
    limit: Duration,
    tls: ClientConfig,
}

/// What is going on with a place.
struct Progress {
    stage: &'static str,
    proxy: Option<String>,
}

/// Whose certificates are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Those that this system trusts.
    System,
    /// Everybody's, as an engine does with registries that it was told to trust.
    Everybody,
}

impl Prober {
    /// Asks sources and Debian's archive through the proxies of this process's environment (`own`), registries as the
    /// engine does. No place takes longer than `limit`.
    pub fn new(own: &Proxies, engine: &EngineRoute, limit: Duration) -> Self {
        Self {
            own: matcher(own),
            engine: matcher(&engine.proxies),
            engine_hides_passwords: engine.hides_passwords,
            insecure: InsecureRegistries::of(&engine.insecure),
            limit,
            tls: tls(),
        }
    }

    /// Asks all of them, several at a time; the answers are in the order of the places.
    pub async fn ask(&self, places: &[Place]) -> Vec<Probe> {
        let probes = places.iter().map(|place| self.ask_one(place));
        stream::iter(probes).buffered(AT_A_TIME).collect().await
    }

    async fn ask_one(&self, place: &Place) -> Probe {
        let started = Instant::now();
        let mut progress = Progress {
            stage: RESOLVING,
            proxy: None,
        };
        let asking = self.reach(place, &mut progress);
        let outcome = match tokio::time::timeout(self.limit, asking).await {
            Ok(outcome) => outcome,
            Err(_) => Err(ProbeError::TimedOut {
                stage: progress.stage,
                limit: self.limit,
            }),
        };
        Probe {
            outcome,
            milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            proxy: progress.proxy,
        }
    }

    async fn reach(&self, place: &Place, progress: &mut Progress) -> Result<Answer, ProbeError> {
        match &place.target {
            Target::Http(url) => match place.kind {
                PlaceKind::Source | PlaceKind::Debian => {
                    let proxy = Proxy::of(&self.own, url)?;
                    self.ask_over_http(url, proxy, Trust::System, progress)
                        .await
                }
                PlaceKind::Registry => self.ask_registry(&place.name, url, progress).await,
            },
            Target::Connection { host, port } => {
                progress.connect(host, *port).await?;
                Ok(Answer::Connected)
            }
            Target::Folder(folder) => look_at(folder),
            Target::Unusable(reason) => Err(ProbeError::NotAsked {
                reason: reason.clone(),
            }),
        }
    }

    /// Asks as the engine does: where it was told to trust the registry, with any certificate, and then without TLS.
    async fn ask_registry(
        &self,
        name: &str,
        url: &Url,
        progress: &mut Progress,
    ) -> Result<Answer, ProbeError> {
        let proxy = self.proxy_of_engine(url)?;
        let host = url.host_str().unwrap_or_default();
        if url.scheme() != "https" || !self.insecure.has(name, host).await {
            return self
                .ask_over_http(url, proxy, Trust::System, progress)
                .await;
        }
        let asking = self.ask_over_http(url, proxy, Trust::Everybody, progress);
        // A server that does not speak TLS may be silent; the other way has to have its time as well.
        if let Ok(Ok(answer)) = tokio::time::timeout(self.limit / 2, asking).await {
            return Ok(answer);
        }
        let mut plain = url.clone();
        // It cannot be refused: both are schemes of the web.
        let _ = plain.set_scheme("http");
        let proxy = self.proxy_of_engine(&plain)?;
        self.ask_over_http(&plain, proxy, Trust::System, progress)
            .await
    }

    fn proxy_of_engine(&self, url: &Url) -> Result<Option<Proxy>, ProbeError> {
        let proxy = Proxy::of(&self.engine, url)?;
        let wants_password = proxy
            .as_ref()
            .is_some_and(|proxy| proxy.credentials.is_some());
        if wants_password && self.engine_hides_passwords {
            return Err(ProbeError::HiddenPassword);
        }
        Ok(proxy)
    }

    async fn ask_over_http(
        &self,
        url: &Url,
        proxy: Option<Proxy>,
        trust: Trust,
        progress: &mut Progress,
    ) -> Result<Answer, ProbeError> {
        progress.proxy = proxy.as_ref().map(Proxy::name);
        let (first, port) = match &proxy {
            Some(proxy) => (&proxy.url, proxy.port()),
            None => (url, url.port_or_known_default().unwrap_or_default()),
        };
        let host = first.host_str().unwrap_or_default();
        let address = progress.connect(host, port).await?;
        if proxy.as_ref().is_some_and(Proxy::is_socks) {
            return Ok(Answer::Connected);
        }
        progress.stage = "the answer";
        let failed = |error: reqwest::Error| ProbeError::Answer {
            reason: innermost(&error),
        };
        let client = self.client(proxy.as_ref(), trust, host, address);
        // The body is not read: it may be large, and the head tells.
        let asked = client.map_err(failed)?.get(url.clone()).send();
        let answer = asked.await.map_err(failed)?;
        Ok(Answer::Http {
            status: answer.status().as_u16(),
            ahead: ahead(answer.headers()),
        })
    }

    /// A client for one request: to the address that has been seen to answer, and by nothing that the environment says.
    fn client(
        &self,
        proxy: Option<&Proxy>,
        trust: Trust,
        host: &str,
        address: SocketAddr,
    ) -> Result<Client, reqwest::Error> {
        let builder = Client::builder()
            .user_agent(concat!("kmembuild/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .resolve(host, address);
        // A proxy gets a password, and so has to show who it is in any case.
        let trusts_all =
            trust == Trust::Everybody && proxy.is_none_or(|proxy| proxy.url.scheme() != "https");
        let builder = if trusts_all {
            builder.tls_danger_accept_invalid_certs(true)
        } else {
            builder.tls_backend_preconfigured(self.tls.clone())
        };
        let Some(proxy) = proxy else {
            return builder.build();
        };
        let through = reqwest::Proxy::all(proxy.url.clone())?;
        let through = match &proxy.credentials {
            Some(credentials) => through.custom_http_auth(credentials.clone()),
            None => through,
        };
        builder.proxy(through).build()
    }
}

impl Progress {
    /// Connects to the host, stage after stage.
    async fn connect(&mut self, host: &str, port: u16) -> Result<SocketAddr, ProbeError> {
        self.stage = RESOLVING;
        let addresses = resolve(host, port).await?;
        self.stage = "connecting";
        connect(host, &addresses).await
    }
}

/// By how many seconds this host is ahead of the server.
fn ahead(headers: &HeaderMap) -> Option<i64> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let date = jiff::fmt::rfc2822::parse(text(DATE)?).ok()?;
    // A cache leaves the date of the server that it has the answer from, and says how long ago that was.
    let age = text(AGE).and_then(|seconds| seconds.trim().parse::<u32>().ok());
    let then = date.timestamp().as_second() + i64::from(age.unwrap_or(0));
    Some(Timestamp::now().as_second() - then)
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
