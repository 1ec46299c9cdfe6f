//! What a user can do about a failure: the one table of the sentences that name options, commands and variables of this
//! tool, for the hints below an error and for the doctor.

use crate::engine::{AddressProblem, ClusterError, ConnectFailure, EngineError};
use crate::events::Warning;

/// The engine's own log says what went wrong.
pub const CHECK_ENGINE_LOG: &str = "check the engine's log";
/// The engine went away during a build.
pub const ENGINE_LOST: &str = "check the engine's log; once the engine is back, `kmembuild clean` removes what was left behind";
/// The engine needs disk space.
pub const FREE_ENGINE_DISK: &str = "free space on the engine's disk; `kmembuild clean --caches --images` removes everything that kmembuild keeps there";
/// A build needs less memory.
pub const SAVE_MEMORY: &str = "use --low-memory, which needs less memory but takes longer";
/// A mirror is slow.
pub const SLOW_MIRROR: &str = "for a slow mirror, raise --stall-timeout";
/// What a place of artifacts is called.
pub const REFERENCE: &str =
    "use REGISTRY/REPOSITORY:TAG, or oci:DIRECTORY:TAG for an OCI layout on disk";
/// A registry with a certificate of an authority of one's own.
pub const OWN_AUTHORITY: &str =
    "add its authority to the system's certificates, or set SSL_CERT_FILE to a file with them";
/// A registry without TLS.
pub const WITHOUT_TLS: &str = "if the registry has no TLS, write http:// before its name; passwords and contents then go over the network in the clear";
/// The source is not found.
pub const OTHER_SOURCE: &str = "use --source with another URL or a local clone";
/// What is wanted from elsewhere is not found anywhere.
pub const ASK_DOCTOR: &str =
    "`kmembuild doctor` shows what can be reached from here, and which recipe can be built";
/// An image is not found.
pub const OTHER_REGISTRY: &str = "use --mirror (or `mirrors` in the configuration) for another registry, or --image-archive for a file written by `docker save`";
/// Debian's archive is not found.
pub const OTHER_DEBIAN_MIRROR: &str =
    "use --debian-mirror (or `debian-mirror` in the configuration) for another mirror";
/// mmdebstrap is not found.
pub const INSTALL_BOOTSTRAP: &str = "on Debian or Ubuntu, install it with `apt-get install mmdebstrap`; elsewhere use another --image";

/// The network is not cut.
pub const REQUIRE_NO_NETWORK: &str = "use --require-no-network to refuse such a build; a container may cut the network where it may make user namespaces or has CAP_SYS_ADMIN";
/// Limits are not kept.
pub const REQUIRE_LIMITS: &str = "use --require-limits to refuse such a build";
/// What the runtime engine needs.
pub const INSTALL_RUNTIME: &str =
    "on Debian as root: apt-get install crun mmdebstrap; or name an OCI runtime with --runtime";
/// What the local engine needs.
pub const LOCAL_NEEDS: &str = "the local engine builds inside a container of the toolchain image: run kmembuild there (see docs/engines.md), with `--engine local` where it is not recognised as one";

/// Something in the directory of a release belongs to none of its targets.
pub const PRUNE_RELEASE: &str = "use `kmembuild release --prune` to remove it";

const START_ENGINE: &str = "on Debian as root: apt-get install docker.io && systemctl start docker";
const CHOOSE_ENGINE: &str =
    "set --host or DOCKER_HOST to unix:///path, tcp://host:port or ssh://user@host";

/// What to do about a warning; `None` if its text says all there is to say.
pub fn warning(warning: &Warning) -> Option<&'static str> {
    match warning {
        Warning::Memory(_, _, true) => Some(SAVE_MEMORY),
        Warning::NetworkOpen(_) => Some(REQUIRE_NO_NETWORK),
        Warning::NoLimits(_) => Some(REQUIRE_LIMITS),
        Warning::Disk(..) => Some(FREE_ENGINE_DISK),
        Warning::DebianLeftOut(..) => Some(OTHER_DEBIAN_MIRROR),
        Warning::ForeignResult(_) | Warning::ForeignFailure(_) | Warning::ForeignRepository(_) => {
            Some(PRUNE_RELEASE)
        }
        _ => None,
    }
}

/// What to do about an engine that failed; `None` if the message of the error says all there is to say.
pub fn engine(error: &EngineError) -> Option<String> {
    let text = match error {
        EngineError::InvalidAddress { source, .. } => match source {
            AddressProblem::NoCertificates | AddressProblem::Certificates { .. } => {
                "set DOCKER_CERT_PATH to a directory with ca.pem, cert.pem and key.pem that you may read"
            }
            AddressProblem::SshPort => {
                "add a Host entry with a Port to your SSH configuration, and use its name"
            }
            _ => CHOOSE_ENGINE,
        },
        EngineError::Context { .. } => {
            "use --host, DOCKER_HOST or DOCKER_CONTEXT to choose another engine; `docker context ls` lists the contexts"
        }
        EngineError::Unreachable { address, source } => return Some(unreachable(address, source)),
        EngineError::DiskFull { .. } => FREE_ENGINE_DISK,
        EngineError::Lost { .. } => ENGINE_LOST,
        EngineError::InTheWay { .. } => {
            "move it away, or build in a fresh container; `kmembuild clean` removes what a killed or kept build left there"
        }
        EngineError::NoDirectory { .. } => {
            "run kmembuild as a user who may make it (in a container usually root), or make it beforehand for this user"
        }
        EngineError::OneImage { .. } => "use --engine docker, with an engine that answers",
        EngineError::NotHere { .. } => {
            "mount /proc, and set KMEMBUILD_CACHE_DIR to a directory that can be written to"
        }
        EngineError::NoneWorks { docker, .. } => return engine(docker),
        EngineError::NoRuntime => INSTALL_RUNTIME,
        EngineError::RuntimeFails { .. } => "use --runtime with the path of another OCI runtime",
        EngineError::NoIdMappers => {
            "on Debian as root: apt-get install uidmap; or run kmembuild as root, or use another engine"
        }
        EngineError::NoSubordinateIds {
            user, first, last, ..
        } => {
            return Some(format!(
                "as root: usermod --add-subuids {first}-{last} --add-subgids {first}-{last} {user}; or run kmembuild as root, or use another engine"
            ));
        }
        EngineError::NoUserNamespace { .. } => {
            "as root: sysctl -w kernel.unprivileged_userns_clone=1 on Debian, kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu, user.max_user_namespaces=15000 on CentOS; or run kmembuild as root, or use another engine"
        }
        EngineError::RuntimeNotHere { .. } => {
            "run kmembuild outside of a container, or in one that may mount; set KMEMBUILD_CACHE_DIR to a directory that can be written to"
        }
        EngineError::Cluster(error) => return cluster(error).map(str::to_owned),
        EngineError::NoImageBuild { .. } => "use another --image, which is not built",
        EngineError::ImageBuild { .. } => {
            "use -v to see the whole output; --image lean and --image debian need less from the network than upstream's image"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// What can be done about an error of a cluster.
pub fn cluster(error: &ClusterError) -> Option<&'static str> {
    Some(match error {
        ClusterError::NotBuiltIn => "build it with `cargo build --release --features kubernetes`",
        ClusterError::NoRegistry | ClusterError::NotARegistry { .. } => {
            "use --registry REGISTRY/PREFIX, or `registry` below `kubernetes` in the configuration"
        }
        ClusterError::Kubeconfig { .. } => {
            "set KUBECONFIG to a file that `kubectl config view` can read, and `context` below `kubernetes` in the configuration to one of its contexts"
        }
        ClusterError::Unreachable { .. } => {
            "what runs on the cluster goes on: once its API answers again, the same command follows it"
        }
        ClusterError::Unauthorized { .. } => "log in to the cluster again, as for kubectl",
        ClusterError::Forbidden { .. } => {
            "ask whoever runs the cluster for this right; `kmembuild doctor --engine kubernetes` lists those that are needed"
        }
        ClusterError::NoNamespace { .. } => {
            "create it, or set `namespace` below `kubernetes` in the configuration"
        }
        ClusterError::Quota { .. } => {
            "lower `memory`, `cpus` or `parallelism` below `kubernetes` in the configuration, or ask for a larger quota"
        }
        ClusterError::Unscheduled { .. } => {
            "lower `memory` or `cpus`, change `node-selector` or `tolerations`, or raise `pending` below `kubernetes` in the configuration"
        }
        ClusterError::NotBegun { .. } => {
            "raise `pending` below `kubernetes` in the configuration, if the node is only slow"
        }
        ClusterError::ImagePull { .. } => {
            "check that nodes reach the registry by this name, and set `pull-secret` below `kubernetes` in the configuration if it wants a password"
        }
        ClusterError::OutOfMemory { .. } => "raise --memory, or lower --jobs",
        ClusterError::TooLong { .. } => "raise --timeout, or use more processors (--cpus, --jobs)",
        ClusterError::NotStatic { .. } => {
            "use a kmembuild that `make static` built, or set `program` below `kubernetes` in the configuration to one"
        }
        ClusterError::Push { .. } => {
            "log in with `docker login`, as a user who may push to this registry"
        }
        ClusterError::NoSessions { .. } => "use another --engine for this",
        ClusterError::Refused { .. }
        | ClusterError::NotMade { .. }
        | ClusterError::Evicted { .. }
        | ClusterError::Preempted { .. }
        | ClusterError::NodeLost { .. }
        | ClusterError::Removed { .. }
        | ClusterError::NoResult { .. }
        | ClusterError::Program { .. }
        | ClusterError::Unwritable { .. } => return None,
    })
}

fn unreachable(address: &str, failure: &ConnectFailure) -> String {
    let is_socket = address.starts_with("unix://");
    match failure {
        ConnectFailure::NoSocket { .. } => {
            format!("install and start an engine ({START_ENGINE}), or {CHOOSE_ENGINE}")
        }
        ConnectFailure::PermissionDenied { .. } => {
            "join the group docker and log in again, or use sudo".to_owned()
        }
        ConnectFailure::ConnectionRefused { .. } if is_socket => {
            "the engine that made the socket is not running; start it (systemctl start docker)"
                .to_owned()
        }
        ConnectFailure::ConnectionRefused { .. } => {
            format!(
                "check that the engine is running and listens on that port; otherwise {CHOOSE_ENGINE}"
            )
        }
        ConnectFailure::Silent { .. } => {
            "check in the engine's log that it is not stuck, and that no firewall is in the way"
                .to_owned()
        }
        ConnectFailure::NotAnEngine { .. } | ConnectFailure::Connection { .. } => {
            if address.starts_with("tcp://") || address.starts_with("https://") {
                "check that both sides use TLS or neither does (DOCKER_TLS_VERIFY, DOCKER_CERT_PATH; usually port 2376 with TLS, 2375 without), and that ca.pem is the authority of the engine's certificate".to_owned()
            } else {
                CHOOSE_ENGINE.to_owned()
            }
        }
    }
}
