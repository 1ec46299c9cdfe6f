//! Does a container engine answer, and can it build?

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use rustix::io::Errno;

use super::line::{Half, Level, Line};
use super::prober::EngineRoute;
use crate::advice;
use crate::engine::{Address, EngineError, EngineInfo, Setup, connect_docker};
use crate::environment::Proxies;
use crate::failure::with_causes;

/// The first API version that supports `FROM ${BASE}` in a Dockerfile: Docker 17.05.
const API_OF_LEAN: (u32, u32) = (1, 29);

/// What the default bridge is for.
const NEEDED: &str = "`--image upstream`, `--image lean` and `--via run-sh` need it; `--image debian` and the builds themselves do not";

/// What an engine reported about itself, or why it did not.
#[derive(Debug)]
pub struct EngineReading {
    /// Its address.
    pub address: String,
    /// Product, version and architecture.
    pub info: Result<EngineInfo, EngineError>,
    /// Its configuration; `None` if the engine did not answer at all.
    pub setup: Option<Result<Setup, EngineError>>,
    /// Free space on its disk in bytes, if that disk is on this host.
    pub free_disk: Option<u64>,
    /// The interface of its default bridge, if that is gone from its host although the engine has the network.
    pub lost_bridge: Option<String>,
}

impl EngineReading {
    /// Asks the engine at `address`.
    pub async fn read(address: &Address) -> Self {
        let engine = match connect_docker(address, None).await {
            Ok(engine) => engine,
            Err(error) => {
                return Self {
                    address: address.host().to_owned(),
                    info: Err(error),
                    setup: None,
                    free_disk: None,
                    lost_bridge: None,
                };
            }
        };
        // That of the docker command's context, where it has one.
        let host = engine.describe().address.clone();
        let setup = match engine.as_docker() {
            Some(docker) => Some(docker.setup().await),
            None => None,
        };
        let folder = match &setup {
            Some(Ok(setup)) if is_local(&host) => setup.root_folder.as_deref(),
            _ => None,
        };
        Self {
            info: Ok(engine.describe().clone()),
            free_disk: folder.and_then(free_room),
            lost_bridge: match &setup {
                Some(Ok(setup)) => lost_bridge(&host, setup),
                _ => None,
            },
            setup,
            address: host,
        }
    }

    /// Whether it is reached through a socket of this host.
    pub fn is_local(&self) -> bool {
        is_local(&self.address)
    }

    /// How it reaches registries, as far as this host can use the same route. `own`: the proxies of this process's
    /// environment.
    pub fn route(&self, own: &Proxies) -> EngineRoute {
        let Some(setup) = self.setup() else {
            return EngineRoute {
                proxies: own.clone(),
                ..EngineRoute::default()
            };
        };
        // This host may be unable to reach the proxies of another one.
        let is_local = self.is_local();
        let proxies = if is_local {
            Proxies {
                http: setup.http_proxy.clone(),
                https: setup.https_proxy.clone(),
                all: String::new(),
                none: setup.no_proxy.clone(),
            }
        } else {
            own.clone()
        };
        EngineRoute {
            proxies,
            hides_passwords: is_local,
            insecure: setup.insecure_registries.clone(),
        }
    }

    /// Its configuration, if it reported it.
    pub fn setup(&self) -> Option<&Setup> {
        self.setup.as_ref()?.as_ref().ok()
    }
}

fn is_local(address: &str) -> bool {
    address.starts_with("unix://")
}

/// Bytes available to unprivileged users on the file system of `folder`, or of the nearest parent that this user may
/// look at. `None` if this host has no such directory: the socket may lead into a virtual machine.
fn free_room(folder: &str) -> Option<u64> {
    let mut folder = Path::new(folder);
    loop {
        match rustix::fs::statvfs(folder) {
            Ok(system) => return Some(system.f_bavail.saturating_mul(system.f_frsize)),
            // Another file system may be mounted below, but without root this is the best answer.
            Err(Errno::ACCESS) => folder = folder.parent()?,
            Err(_) => return None,
        }
    }
}

/// The lines about the engine itself. `user`: the proxies of the user's environment.
pub fn judge_engine(reading: &EngineReading, user: &Proxies) -> Vec<Line> {
    let line = |check, level, found: String| Line::new(Half::Build, check, level, found);
    let info = match &reading.info {
        Ok(info) => info,
        Err(error) => {
            let found = with_causes(error);
            return vec![
                line("engine", Level::Fail, found)
                    .remedy(advice::engine(error).unwrap_or(advice::CHECK_ENGINE_LOG.to_owned())),
            ];
        }
    };
    let mut lines = vec![version(info)];
    match &reading.setup {
        Some(Ok(setup)) => lines.extend([
            storage(setup, reading),
            network(setup, reading.lost_bridge.as_deref()),
            proxies(setup, user, reading.is_local()),
        ]),
        Some(Err(error)) => lines.push(
            line("engine-setup", Level::Warn, with_causes(error)).remedy(
                "check the engine's log; could not determine its storage, network and proxies",
            ),
        ),
        None => {}
    }
    lines
}

fn version(info: &EngineInfo) -> Line {
    let found = format!(
        "{}, API {}, {}, at {}",
        info.version, info.api_version, info.architecture, info.address
    );
    let mut numbers = info.api_version.split('.').map(str::parse::<u32>);
    let api = (numbers.next(), numbers.next());
    let old = matches!(api, (Some(Ok(major)), Some(Ok(minor))) if (major, minor) < API_OF_LEAN);
    if old {
        return Line::new(Half::Build, "engine", Level::Warn, found).remedy(
            "`--image lean` requires Docker 17.05 or later; use another --image, or a newer engine",
        );
    }
    Line::new(Half::Build, "engine", Level::Ok, found)
}

fn storage(setup: &Setup, reading: &EngineReading) -> Line {
    let line = |level, found: String| Line::new(Half::Build, "storage-driver", level, found);
    let driver = setup.storage_driver.as_deref().unwrap_or("unknown");
    let found = match (&setup.root_folder, reading.is_local()) {
        (Some(folder), true) => format!("{driver}, in {folder}"),
        _ => driver.to_owned(),
    };
    match driver {
        "vfs" => line(Level::Warn, found)
            .remedy("vfs stores a full copy of each layer; allow several times the disk space, or use overlay2"),
        "devicemapper" => line(Level::Warn, found)
            .remedy("devicemapper is slow and limits each container to 10 GiB by default (dm.basesize); use overlay2"),
        _ => line(Level::Ok, found),
    }
}

/// The interface of the default bridge, if it is not in the network of the process behind the engine's socket. `None` where
/// that cannot be seen.
fn lost_bridge(host: &str, setup: &Setup) -> Option<String> {
    let bridge = setup.bridge.as_ref()?;
    let socket = UnixStream::connect(host.strip_prefix("unix://")?).ok()?;
    let engine = rustix::net::sockopt::socket_peercred(&socket).ok()?.pid;
    let interfaces = PathBuf::from(format!("/proc/{}/net/dev", engine.as_raw_nonzero()));
    let interfaces = fs::read_to_string(interfaces).ok()?;
    let mut names = interfaces.lines().filter_map(|line| line.split_once(':'));
    let is_there = names.any(|(name, _)| name.trim() == bridge);
    (!is_there).then(|| bridge.clone())
}

fn network(setup: &Setup, lost_bridge: Option<&str>) -> Line {
    let line = |level, found: &str| Line::new(Half::Build, "default-bridge", level, found);
    if !setup.has_bridge {
        return line(Level::Warn, "the engine has no default bridge")
            .remedy(format!("start the engine without --bridge=none; {NEEDED}"));
    }
    if let Some(bridge) = lost_bridge {
        return line(
            Level::Fail,
            &format!("the interface {bridge} of the default bridge is gone from the engine's host"),
        )
        .remedy(format!(
            "restart the engine, which makes it again; {NEEDED}"
        ));
    }
    if setup.forwards == Some(false) {
        return line(
            Level::Warn,
            "available, but the engine's host does not forward packets",
        )
        .remedy(format!(
            "use `sysctl net.ipv4.ip_forward=1` on the engine's host; {NEEDED}"
        ));
    }
    line(Level::Ok, "available")
}

fn proxies(setup: &Setup, user: &Proxies, is_local: bool) -> Line {
    let line = |level, found: String| Line::new(Half::Build, "engine-proxies", level, found);
    let named: Vec<_> = [("http", &setup.http_proxy), ("https", &setup.https_proxy)]
        .into_iter()
        .filter(|(_, proxy)| !proxy.is_empty())
        .map(|(scheme, proxy)| format!("{scheme}: {}", crate::source::redacted(proxy)))
        .collect();
    if named.is_empty() {
        let found = "none: the engine pulls images directly".to_owned();
        if is_local && !user.is_empty() {
            return line(
                Level::Warn,
                format!("{found}, but this environment has a proxy"),
            )
            .remedy("if the registries are behind it, set HTTPS_PROXY and NO_PROXY for the engine as well (in its service's environment)");
        }
        return line(Level::Ok, found);
    }
    let except = match setup.no_proxy.as_str() {
        "" => String::new(),
        hosts => format!(", except {hosts}"),
    };
    line(Level::Ok, format!("{}{except}", named.join(", ")))
}

/// A size to print.
pub(super) fn size(bytes: u64) -> String {
    ByteSize(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::free_room;

    #[test]
    fn the_room_of_a_folder_that_is_not_here_is_not_that_of_another() {
        assert!(free_room("/").is_some());
        assert_eq!(free_room("/nowhere/docker"), None);
        assert_eq!(free_room("/proc/self/status/docker"), None);
    }
}
