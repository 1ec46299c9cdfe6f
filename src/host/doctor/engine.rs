//! Is there a container engine, and is it one to build with?

use std::path::Path;

use bytesize::ByteSize;
use rustix::io::Errno;

use super::line::{Half, Level, Line};
use crate::engine::{
    Address, AddressProblem, ConnectFailure, EngineError, EngineInfo, Setup, connect_docker,
};
use crate::environment::Proxies;
use crate::failure::with_causes;

/// The first API that knows `FROM ${BASE}` in a Dockerfile, Docker 17.05's.
const API_OF_LEAN: (u32, u32) = (1, 29);

/// What the default bridge is for.
const NEEDED: &str = "images by upstream's or the lean Dockerfile, and `--via run-sh`, need it; `--image debian` and the builds themselves do not";

/// What an engine said of itself, or why it did not.
#[derive(Debug)]
pub struct EngineReading {
    /// Its address.
    pub address: String,
    /// Who it is.
    pub info: Result<EngineInfo, EngineError>,
    /// How it is set up; none where it did not answer at all.
    pub setup: Option<Result<Setup, EngineError>>,
    /// Free room on its disk in bytes, where that disk is this host's.
    pub free_disk: Option<u64>,
}

impl EngineReading {
    /// Asks the engine at `address`.
    pub async fn read(address: &Address) -> Self {
        let host = address.host().to_owned();
        let engine = match connect_docker(address, None).await {
            Ok(engine) => engine,
            Err(error) => {
                return Self {
                    address: host,
                    info: Err(error),
                    setup: None,
                    free_disk: None,
                };
            }
        };
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
            setup,
            address: host,
        }
    }

    /// Whether it is reached by a socket of this host.
    pub fn is_local(&self) -> bool {
        is_local(&self.address)
    }

    /// How it is set up, where it said so.
    pub fn setup(&self) -> Option<&Setup> {
        self.setup.as_ref()?.as_ref().ok()
    }
}

fn is_local(address: &str) -> bool {
    address.starts_with("unix://")
}

/// Bytes that are free for everybody on the file system of `folder`, or of the nearest folder above it that this user may
/// look at. None where this host has no such folder: a socket may lead into a virtual machine.
fn free_room(folder: &str) -> Option<u64> {
    let mut folder = Path::new(folder);
    loop {
        match rustix::fs::statvfs(folder) {
            Ok(system) => return Some(system.f_bavail.saturating_mul(system.f_frsize)),
            // Another file system may be mounted below, so this is the best that can be told without root.
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
                line("engine", Level::Fail, found).remedy(remedy(error, &reading.address)),
            ];
        }
    };
    let mut lines = vec![version(info)];
    match &reading.setup {
        Some(Ok(setup)) => lines.extend([
            storage(setup, reading),
            network(setup),
            proxies(setup, user, reading.is_local()),
        ]),
        Some(Err(error)) => lines.push(
            line("engine-setup", Level::Warn, with_causes(error))
                .remedy("see the engine's own log; its storage, network and proxies are not known"),
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
            "`--image lean` needs Docker 17.05 or later; take another --image, or a newer engine",
        );
    }
    Line::new(Half::Build, "engine", Level::Ok, found)
}

fn storage(setup: &Setup, reading: &EngineReading) -> Line {
    let line = |level, found: String| Line::new(Half::Build, "storage-driver", level, found);
    let driver = setup.storage_driver.as_deref().unwrap_or("not told");
    let found = match (&setup.root_folder, reading.is_local()) {
        (Some(folder), true) => format!("{driver}, in {folder}"),
        _ => driver.to_owned(),
    };
    match driver {
        "vfs" => line(Level::Warn, found)
            .remedy("vfs keeps a whole copy of each layer: count on several times the disk, or use overlay2"),
        "devicemapper" => line(Level::Warn, found)
            .remedy("devicemapper gives each container 10 GiB unless told otherwise (dm.basesize), and is slow; overlay2 is not"),
        _ => line(Level::Ok, found),
    }
}

fn network(setup: &Setup) -> Line {
    let line = |level, found: &str| Line::new(Half::Build, "default-bridge", level, found);
    if !setup.has_bridge {
        return line(Level::Warn, "the engine has no default bridge")
            .remedy(format!("start the engine without --bridge=none: {NEEDED}"));
    }
    if setup.forwards == Some(false) {
        return line(
            Level::Warn,
            "it is there, but the engine's host does not forward packets",
        )
        .remedy(format!("`sysctl net.ipv4.ip_forward=1` there: {NEEDED}"));
    }
    line(Level::Ok, "it is there")
}

fn proxies(setup: &Setup, user: &Proxies, is_local: bool) -> Line {
    let line = |level, found: String| Line::new(Half::Build, "engine-proxies", level, found);
    let named: Vec<_> = [("http", &setup.http_proxy), ("https", &setup.https_proxy)]
        .into_iter()
        .filter(|(_, proxy)| !proxy.is_empty())
        .map(|(scheme, proxy)| format!("{scheme} by {}", crate::source::shown(proxy)))
        .collect();
    if named.is_empty() {
        let found = "none: it pulls images directly".to_owned();
        if is_local && !user.is_empty() {
            return line(
                Level::Warn,
                format!("{found}, while this environment names a proxy"),
            )
            .remedy("if the registries are behind it, give the engine HTTPS_PROXY and NO_PROXY as well (its service's environment)");
        }
        return line(Level::Ok, found);
    }
    let except = match setup.no_proxy.as_str() {
        "" => String::new(),
        hosts => format!(", except for {hosts}"),
    };
    line(Level::Ok, format!("{}{except}", named.join(", ")))
}

/// What to do about an engine that does not answer.
fn remedy(error: &EngineError, address: &str) -> String {
    const START: &str = "on Debian as root: apt-get install docker.io && systemctl start docker";
    const NAME: &str = "name the engine with DOCKER_HOST or --host: unix:///path, tcp://host:port or ssh://user@host";
    match error {
        EngineError::InvalidAddress { source, .. } => match source {
            AddressProblem::NoCertificates | AddressProblem::Certificates { .. } => {
                "DOCKER_CERT_PATH names a folder with ca.pem, cert.pem and key.pem, which this user may read".to_owned()
            }
            AddressProblem::SshPort => "give the host a Host entry with its Port in the SSH configuration".to_owned(),
            _ => NAME.to_owned(),
        },
        EngineError::Unreachable { source, .. } => match source {
            ConnectFailure::NoSocket { .. } => {
                format!("install and start an engine ({START}), or {NAME}")
            }
            ConnectFailure::PermissionDenied { .. } => {
                "become a member of the group docker (and log in again), or use sudo".to_owned()
            }
            ConnectFailure::ConnectionRefused { .. } if address.starts_with("unix://") => {
                "the socket is left from an engine that no longer runs: start it (systemctl start docker)".to_owned()
            }
            ConnectFailure::ConnectionRefused { .. } => {
                format!("see that the engine runs and listens on that port; otherwise {NAME}")
            }
            ConnectFailure::Silent { .. } => {
                "see that the engine is not stuck (its log), and that no firewall is between".to_owned()
            }
            ConnectFailure::NotAnEngine { .. } | ConnectFailure::Connection { .. } => {
                if address.starts_with("tcp://") || address.starts_with("https://") {
                    "see that both sides speak TLS, or both do not (DOCKER_TLS_VERIFY, DOCKER_CERT_PATH; mostly port 2376 with and 2375 without), and that ca.pem is the authority of the engine's certificate".to_owned()
                } else {
                    NAME.to_owned()
                }
            }
        },
        _ => "see the engine's own log".to_owned(),
    }
}

/// A size for people.
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
