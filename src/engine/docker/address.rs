//! Where the engine is, and the first connection to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::SystemVersion;
use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};

use super::context::ContextChoice;
use super::failure::{message_of, system_error};
use crate::engine::error::{AddressProblem, ConnectFailure, EngineError};

/// Where Docker listens unless it is configured otherwise.
const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";
/// The same as a path on the engine's host.
pub(super) const USUAL_SOCKET: &str = "/var/run/docker.sock";
/// Time limit for the answer to the first request, including the SSH handshake.
const FIRST_ANSWER: Duration = Duration::from_secs(30);

/// Where the engine is and how to connect to it, in the terms of Docker's own environment variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `DOCKER_HOST`: `unix://`, `tcp://` or `ssh://`; `None` is `unix:///var/run/docker.sock`.
    pub host: Option<String>,
    /// `DOCKER_TLS_VERIFY` is set: use TLS for a `tcp://` host.
    pub tls_verify: bool,
    /// `DOCKER_CERT_PATH`: directory with `ca.pem`, `cert.pem` and `key.pem`. When it is set, a `tcp://` host is reached over TLS.
    pub cert_path: Option<PathBuf>,
    /// The docker command's context, which counts when `host` is not given.
    pub context: ContextChoice,
    /// Longest wait, in whole seconds, for the answer to a request that moves no data. It does not apply to pulls, builds,
    /// uploads and commands.
    pub request_timeout: Duration,
}

impl Default for Address {
    fn default() -> Self {
        Self {
            host: None,
            tls_verify: false,
            cert_path: None,
            context: ContextChoice::default(),
            request_timeout: Duration::from_mins(2),
        }
    }
}

/// Where the engine at `address` has its socket on its own host: every client looks there unless the address says otherwise.
pub(super) fn socket_of(address: &str) -> &str {
    address.strip_prefix("unix://").unwrap_or(USUAL_SOCKET)
}

/// An address, parsed.
#[derive(Debug, PartialEq, Eq)]
enum Transport<'a> {
    Unix(&'a str),
    Tcp(String),
    Tls(String, &'a Path),
    Ssh(&'a str),
}

impl Address {
    /// The address as text, with the default filled in.
    pub fn host(&self) -> &str {
        self.host.as_deref().unwrap_or(DEFAULT_HOST)
    }

    /// The address with the engine of the docker command's context put in, unless a host is given.
    ///
    /// # Errors
    /// [`EngineError::Context`].
    pub(super) fn resolved(&self) -> Result<Self, EngineError> {
        if self.host.is_some() {
            return Ok(self.clone());
        }
        let Some(endpoint) = self.context.endpoint()? else {
            return Ok(self.clone());
        };
        Ok(Self {
            host: endpoint.host,
            tls_verify: endpoint.certificates.is_some(),
            cert_path: endpoint.certificates,
            ..self.clone()
        })
    }

    /// Connects, asks the engine for its version, and negotiates a version of its API.
    pub(super) async fn connect(&self) -> Result<(Docker, SystemVersion), EngineError> {
        let invalid = |source| EngineError::InvalidAddress {
            address: self.host().to_owned(),
            source,
        };
        let unreachable = |source| EngineError::Unreachable {
            address: self.host().to_owned(),
            source,
        };
        let transport = self.transport().map_err(invalid)?;
        if let Transport::Unix(path) = transport {
            // bollard reports every path that it cannot access as "not found", even in a directory without permission.
            fs::metadata(path).map_err(|source| unreachable(ConnectFailure::of_system(source)))?;
        }
        let timeout = self.request_timeout.as_secs();
        let docker = open(&transport, timeout, API_DEFAULT_VERSION).map_err(invalid)?;
        let limit = FIRST_ANSWER.min(self.request_timeout);
        let failed = |error| match error {
            // bollard parses the host only for the first request.
            Error::URLParseError { .. }
            | Error::InvalidURIError { .. }
            | Error::InvalidURIPartsError { .. } => invalid(AddressProblem::Malformed {
                source: message_of(error),
            }),
            error => unreachable(ConnectFailure::of_request(error, limit)),
        };
        let hasty = docker.clone().with_timeout(limit);
        // Not `info`: the engine starts several programs for it, which takes longer than everything else here.
        let answer = hasty.version().await.map_err(failed)?;
        let newest = answer.api_version.as_deref().and_then(api_version);
        let newest = newest.ok_or_else(|| failed(Error::APIVersionParseError {}))?;
        if newest >= docker.client_version() {
            return Ok((docker, answer));
        }
        // bollard's own negotiation asks for the version again, which takes time. It is used only for SSH, where a second
        // connection takes even longer.
        let agreed = if matches!(transport, Transport::Ssh(_)) {
            // All clones share the negotiated version.
            hasty.negotiate_version().await.map_err(failed)?;
            docker
        } else {
            open(&transport, timeout, &newest).map_err(invalid)?
        };
        Ok((agreed, answer))
    }

    fn transport(&self) -> Result<Transport<'_>, AddressProblem> {
        let (scheme, rest) = self
            .host()
            .split_once("://")
            .ok_or(AddressProblem::Scheme)?;
        match scheme {
            "unix" if rest.starts_with('/') => Ok(Transport::Unix(rest)),
            "unix" => Err(AddressProblem::SocketPath),
            "ssh" => {
                let host = authority(rest)?;
                if port(host).is_some() {
                    return Err(AddressProblem::SshPort);
                }
                Ok(Transport::Ssh(host))
            }
            "tcp" | "http" | "https" => {
                let host = authority(rest)?;
                let tls = scheme == "https"
                    || scheme == "tcp" && (self.tls_verify || self.cert_path.is_some());
                let with_port = |default| match port(host) {
                    Some(_) => host.to_owned(),
                    None => format!("{host}:{default}"),
                };
                if !tls {
                    return Ok(Transport::Tcp(with_port(2375)));
                }
                let folder = self
                    .cert_path
                    .as_deref()
                    .ok_or(AddressProblem::NoCertificates)?;
                Ok(Transport::Tls(with_port(2376), folder))
            }
            _ => Err(AddressProblem::Scheme),
        }
    }
}

/// The host and port; an error if anything follows them.
fn authority(rest: &str) -> Result<&str, AddressProblem> {
    let host = rest.strip_suffix('/').unwrap_or(rest);
    if host.is_empty() || host.starts_with(':') {
        return Err(AddressProblem::NoHost);
    }
    if host.contains('/') {
        return Err(AddressProblem::TrailingPath);
    }
    Ok(host)
}

/// The port of `host:port` or `[::1]:port`.
fn port(host: &str) -> Option<&str> {
    let (before, port) = host.rsplit_once(':')?;
    let inside_brackets = before.contains('[') && !before.ends_with(']');
    (!inside_brackets).then_some(port)
}

/// A version of the API in the engine's notation.
fn api_version(text: &str) -> Option<ClientVersion> {
    let (major, minor) = text.split_once('.')?;
    Some(ClientVersion {
        major_version: major.parse().ok()?,
        minor_version: minor.parse().ok()?,
    })
}

fn open(
    transport: &Transport<'_>,
    timeout: u64,
    version: &ClientVersion,
) -> Result<Docker, AddressProblem> {
    match transport {
        Transport::Unix(path) => Docker::connect_with_unix(path, timeout, version),
        Transport::Tcp(host) => Docker::connect_with_http(host, timeout, version),
        Transport::Ssh(host) => Docker::connect_with_ssh(host, timeout, version, None),
        Transport::Tls(host, folder) => {
            return Docker::connect_with_ssl(
                host,
                &folder.join("key.pem"),
                &folder.join("cert.pem"),
                &folder.join("ca.pem"),
                timeout,
                version,
            )
            .map_err(|source| AddressProblem::Certificates {
                folder: (*folder).to_owned(),
                source: source.into(),
            });
        }
    }
    .map_err(|source| AddressProblem::Malformed {
        source: source.into(),
    })
}

impl ConnectFailure {
    fn of_system(source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::NotFound => Self::NoSocket { source },
            std::io::ErrorKind::PermissionDenied => Self::PermissionDenied { source },
            std::io::ErrorKind::ConnectionRefused => Self::ConnectionRefused { source },
            _ => Self::Connection {
                source: source.into(),
            },
        }
    }

    fn of_request(error: Error, limit: Duration) -> Self {
        if let Some(source) = system_error(&error) {
            return Self::of_system(source);
        }
        match error {
            Error::RequestTimeoutError => Self::Silent { limit },
            Error::HyperLegacyError { .. } | Error::HyperResponseError { .. } => Self::Connection {
                source: message_of(error),
            },
            _ => Self::NotAnEngine {
                source: message_of(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str) -> Address {
        Address {
            host: Some(host.to_owned()),
            ..Address::default()
        }
    }

    #[test]
    fn the_socket_is_the_one_that_the_engine_was_reached_at() {
        assert_eq!(
            socket_of("unix:///run/user/1000/docker.sock"),
            "/run/user/1000/docker.sock"
        );
        assert_eq!(socket_of("tcp://127.0.0.1:2375"), "/var/run/docker.sock");
    }

    #[test]
    fn a_given_host_comes_before_a_context() {
        let address = Address {
            context: ContextChoice {
                name: Some("nowhere".to_owned()),
                file: Some(PathBuf::from("/nowhere/config.json")),
            },
            ..at("unix:///run/docker.sock")
        };
        assert_eq!(address.resolved().expect("a host").host(), address.host());
        let named = Address {
            host: None,
            ..address
        };
        assert!(matches!(named.resolved(), Err(EngineError::Context { .. })));
    }

    #[test]
    fn ports_are_filled_in() {
        assert_eq!(
            at("tcp://build").transport().unwrap(),
            Transport::Tcp("build:2375".to_owned())
        );
        assert_eq!(
            at("tcp://[::1]").transport().unwrap(),
            Transport::Tcp("[::1]:2375".to_owned())
        );
        assert_eq!(
            at("tcp://[::1]:99/").transport().unwrap(),
            Transport::Tcp("[::1]:99".to_owned())
        );
        let secure = Address {
            cert_path: Some(PathBuf::from("/certs")),
            ..at("tcp://build")
        };
        assert_eq!(
            secure.transport().unwrap(),
            Transport::Tls("build:2376".to_owned(), Path::new("/certs"))
        );
    }
}
