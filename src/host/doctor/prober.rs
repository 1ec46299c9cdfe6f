//! Asks places: resolves their names, connects to them, and reads the status of their answers.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::{AGE, DATE, HeaderMap, HeaderName};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rustls::ClientConfig;

use super::connection::{connect, resolve};
use super::insecure::InsecureRegistries;
use super::places::{Place, PlaceKind};
use super::probe::{Answer, Probe, ProbeError, Redirect};
use super::proxy::Proxy;
use super::targets::Target;
use crate::certificates::tls;
use crate::clock;
use crate::environment::Proxies;
use crate::source::{answers, git_is_installed, redacted};

/// How many places are asked at the same time.
const AT_A_TIME: usize = 8;
/// As many as browsers and git follow, roughly.
const MOST_REDIRECTS: usize = 10;
/// The first step for every host.
const RESOLVING: &str = "resolving its name";

/// How the engine reaches registries, as far as the engine reveals it.
#[derive(Debug, Clone, Default)]
pub struct EngineRoute {
    /// The proxies that it uses.
    pub proxies: Proxies,
    /// The engine reported them, without their passwords.
    pub hides_passwords: bool,
    /// The registries that it trusts without TLS, as in [`crate::engine::Setup::insecure_registries`].
    pub insecure: Vec<String>,
}

/// Asks places, through the proxies configured for them.
pub struct Prober {
    own: Matcher,
    engine: Matcher,
    engine_hides_passwords: bool,
    insecure: InsecureRegistries,
    limit: Duration,
    tls: ClientConfig,
}

/// The progress of asking one place.
struct Progress {
    stage: &'static str,
    proxy: Option<String>,
    redirect: Arc<Mutex<Option<Redirect>>>,
}

/// Which certificates are accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Those that this system trusts.
    System,
    /// All of them, as the engine does for registries that it is configured to trust.
    Everybody,
}

impl Prober {
    /// Asks sources and Debian's archive through the proxies of this process's environment (`own`), and registries as the
    /// engine would. `limit` is the time limit for each place.
    pub fn new(own: &Proxies, engine: &EngineRoute, limit: Duration) -> Self {
        Self {
            own: own.matcher(),
            engine: engine.proxies.matcher(),
            engine_hides_passwords: engine.hides_passwords,
            insecure: InsecureRegistries::of(&engine.insecure),
            limit,
            tls: tls(),
        }
    }

    /// Asks all places, several at a time. The results are in the order of the places.
    pub async fn ask(&self, places: &[Place]) -> Vec<Probe> {
        let probes = places.iter().map(|place| self.ask_one(place));
        stream::iter(probes).buffered(AT_A_TIME).collect().await
    }

    async fn ask_one(&self, place: &Place) -> Probe {
        let started = Instant::now();
        let mut progress = Progress {
            stage: RESOLVING,
            proxy: None,
            redirect: Arc::default(),
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
            redirect: progress.redirect.lock().ok().and_then(|last| last.clone()),
        }
    }

    async fn reach(&self, place: &Place, progress: &mut Progress) -> Result<Answer, ProbeError> {
        match &place.target {
            Target::Http(url) => match place.kind {
                PlaceKind::Source => {
                    let proxy = Proxy::of(&self.own, url)?;
                    let is_socks = proxy.as_ref().is_some_and(Proxy::is_socks);
                    let asked = self
                        .ask_over_http(url, proxy, Trust::System, progress)
                        .await;
                    match asked {
                        // A build does not use this client, but git's: what that says counts.
                        Err(ProbeError::Answer { ref reason })
                            if reason.contains("certificate") =>
                        {
                            ask_git(url, asked).await
                        }
                        Ok(Answer::Connected) if is_socks && !git_is_installed() => {
                            let reason =
                                "only git itself can use a SOCKS proxy, and git is not installed";
                            Err(ProbeError::Answer {
                                reason: reason.to_owned(),
                            })
                        }
                        asked => asked,
                    }
                }
                PlaceKind::Debian => {
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

    /// Asks as the engine would: a registry that it is configured to trust is asked with any certificate, then without TLS.
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
        // A server without TLS may stay silent, so half of the time is kept for the request without TLS.
        if let Ok(Ok(answer)) = tokio::time::timeout(self.limit / 2, asking).await {
            return Ok(answer);
        }
        let mut plain = url.clone();
        // This cannot fail: both schemes belong to the web.
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
        let policy = redirects(Arc::clone(&progress.redirect));
        let client = self.client(proxy.as_ref(), trust, host, address, policy);
        // The body is not read: it may be large, and the head is enough.
        let asked = client.map_err(failed)?.get(url.clone()).send();
        let answer = asked.await.map_err(failed)?;
        Ok(Answer::Http {
            status: answer.status().as_u16(),
            ahead: ahead(answer.headers()),
        })
    }

    /// A client for one request, to the address that accepted a connection; it ignores the environment.
    fn client(
        &self,
        proxy: Option<&Proxy>,
        trust: Trust,
        host: &str,
        address: SocketAddr,
        redirects: Policy,
    ) -> Result<Client, reqwest::Error> {
        let builder = Client::builder()
            .user_agent(concat!("kmembuild/", env!("CARGO_PKG_VERSION")))
            .redirect(redirects)
            .no_proxy()
            .resolve(host, address);
        // The proxy receives a password, so its certificate is always checked.
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

/// Asks a repository on the way that a build takes; `asked` is what it answered on another one.
async fn ask_git(url: &Url, asked: Result<Answer, ProbeError>) -> Result<Answer, ProbeError> {
    // What is asked over HTTP is a file of the repository.
    let repository = url.as_str().split("/info/refs?").next().unwrap_or_default();
    let url = repository.to_owned();
    match tokio::task::spawn_blocking(move || answers(&url)).await {
        Ok(Ok(())) => Ok(Answer::Listed),
        Ok(Err(reason)) => Err(ProbeError::Answer { reason }),
        Err(_) => asked,
    }
}

impl Progress {
    /// Resolves the name of the host and connects to it.
    async fn connect(&mut self, host: &str, port: u16) -> Result<SocketAddr, ProbeError> {
        self.stage = RESOLVING;
        let addresses = resolve(host, port).await?;
        self.stage = "connecting";
        connect(host, &addresses).await
    }
}

/// Follows an answer to another address on the same host or to one that uses https, and never from https to http. A place
/// that may be anybody's does not send this machine around its internal network.
fn redirects(last: Arc<Mutex<Option<Redirect>>>) -> Policy {
    Policy::custom(move |attempt| {
        let next = attempt.url();
        let shown = redacted(next.as_str());
        let is_followed = attempt.previous().last().is_some_and(|from| {
            let same = from.host_str() == next.host_str() && from.scheme() == next.scheme();
            same || next.scheme() == "https"
        });
        let is_followed = is_followed && attempt.previous().len() <= MOST_REDIRECTS;
        if let Ok(mut last) = last.lock() {
            *last = Some(if is_followed {
                Redirect::Followed(shown)
            } else {
                Redirect::Refused(shown)
            });
        }
        if is_followed {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}

/// By how many seconds this host is ahead of the server.
fn ahead(headers: &HeaderMap) -> Option<i64> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let date = jiff::fmt::rfc2822::parse(text(DATE)?).ok()?;
    // A cache sends the original server's date, and the age of its copy.
    let age = text(AGE).and_then(|seconds| seconds.trim().parse::<u32>().ok());
    let then = date.timestamp().as_second() + i64::from(age.unwrap_or(0));
    Some(clock::now().as_second() - then)
}

/// A repository has a HEAD, in its directory or in the directory `.git` of a work tree.
fn look_at(folder: &Path) -> Result<Answer, ProbeError> {
    let heads = [folder.join("HEAD"), folder.join(".git/HEAD")];
    if heads.iter().any(|head| head.exists()) {
        Ok(Answer::Folder)
    } else {
        Err(ProbeError::NoRepository)
    }
}

/// The innermost error: the outer ones repeat the URL, with its password.
fn innermost(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
