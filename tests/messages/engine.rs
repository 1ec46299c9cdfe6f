//! Errors of engines, of executions, and of the check that runs a program.

use std::time::Duration;

use kmembuild::artifacts::ArtifactError;
use kmembuild::bundle::BundleError;
use kmembuild::engine::{
    AddressProblem, ClusterError, ConnectFailure, ContextProblem, EngineError, GuestPath,
    ImageContent,
};
use kmembuild::execute::{ExecuteError, FailedAttempt, Lacking, Refusal, RunCheckError};
use kmembuild::source::SourceError;
use kmembuild::transport::TransportError;

use super::{Message, system, text};

const SOCKET: &str = "unix:///var/run/docker.sock";

fn texts(of: &str) -> Vec<String> {
    vec![text(of)]
}

fn engines() -> Vec<Message> {
    let operation = || text("create a container");
    let content = ImageContent {
        layers: texts("sha256:1"),
        environment: Vec::new(),
        architecture: text("amd64"),
    };
    let engine = samples!("engine", explained EngineError:
        InvalidAddress { address: text("http://x"), source: AddressProblem::Scheme },
        Context { name: text("lab"), source: ContextProblem::SkipsVerification },
        Unreachable {
            address: text(SOCKET),
            source: ConnectFailure::PermissionDenied { source: system() },
        },
        Credentials { path: "/root/.docker/config.json".into(), source: system().into() },
        Lost { operation: operation(), source: system().into() },
        Stalled { what: text("the pull of golang:1.13"), limit: Duration::from_secs(30) },
        Unreadable { operation: operation(), source: system() },
        DiskFull { operation: operation(), source: system().into() },
        ImageBuild { image: text("runc_dev:1"), message: text("exit code 1") },
        NoImage { image: text("golang:1.13") },
        NoSocket { socket: text("/run/user/0/docker.sock") },
        NotEmptied { path: text("/go/src/runc"), code: 1 },
        OtherContent { reference: text("golang:1.13"), found: content },
        NotInSession { path: GuestPath::new("/go/src/runc") },
        InUse { what: text("image golang:1.13"), source: system().into() },
        OneImage { image: text("golang:1.13") },
        InTheWay { path: "/go/src/github.com/opencontainers/runc".into() },
        NoDirectory { path: "/go/src/github.com/opencontainers/runc".into(), source: system() },
        NotHere { what: "read /proc", source: system() },
        NoneWorks {
            docker: Box::new(EngineError::Unreachable {
                address: text(SOCKET),
                source: ConnectFailure::NoSocket { source: system() },
            }),
            runtime: text("no OCI runtime found: none of crun, runc and youki is on PATH"),
            local: text("this is not a container"),
        },
        NoRuntime,
        RuntimeFails { path: "/usr/bin/crun".into(), source: system() },
        NoIdMappers,
        NoSubordinateIds { user: text("builder"), file: "/etc/subuid", found: 0, first: 165_536, last: 231_071 },
        NoUserNamespace { source: system() },
        RuntimeNotHere { what: "make a namespace for mounts", source: system() },
        Pull {
            reference: text("mirror.example.com/golang:1.13"),
            source: Box::new(TransportError::NotFound { what: text("1.13"), place: text("mirror.example.com/golang") }),
        },
        Cluster (ClusterError::NoRegistry),
        NoImageBuild { image: text("runc_dev:1") },
        Refused { operation: operation(), source: system().into() },
    );
    let address = samples!("engine", AddressProblem:
        Scheme,
        SocketPath,
        NoHost,
        TrailingPath,
        SshPort,
        NoCertificates,
        Certificates { folder: "/root/.docker".into(), source: system().into() },
        Malformed { source: system().into() },
    );
    let contexts = samples!("engine", ContextProblem:
        Unreadable { path: "/root/.docker/contexts/meta/8a/meta.json".into(), source: system().into() },
        NoEngine,
        SkipsVerification,
    );
    let connect = samples!("engine", ConnectFailure:
        NoSocket { source: system() },
        PermissionDenied { source: system() },
        ConnectionRefused { source: system() },
        Silent { limit: Duration::from_secs(10) },
        NotAnEngine { source: system().into() },
        Connection { source: system().into() },
    );
    [engine, contexts, address, connect]
        .into_iter()
        .flatten()
        .collect()
}

fn executions() -> Vec<Message> {
    let step = || text("compile");
    let make = || vec![text("make"), text("static")];
    let killed = || texts("compile: signal: killed");
    let kept = || {
        Some(text(
            "enter the container with `docker exec -it 777777777777 /bin/sh`",
        ))
    };
    samples!("execute", explained ExecuteError:
        Engine { stage: "build", source: EngineError::NoImage { image: text("golang:1.13") } },
        Source (SourceError::NoUrls { wanted: text("v1.0.0") }),
        ImageUnavailable {
            name: text("golang:1.13"),
            failed: vec![FailedAttempt {
                reference: text("mirror.gcr.io/library/golang:1.13"),
                reason: text("manifest unknown"),
            }],
        },
        ImageMoved {
            name: text("golang:1.13"),
            by: "the lock file",
            locked: texts("sha256:1"),
            found: texts("sha256:2"),
        },
        Offline { image: text("golang:1.13") },
        MadeHere { name: text("kmembuild/runc-debian-debian-bullseye:7b4d317b1eec") },
        ImageArchitecture { name: text("golang:1.13"), found: text("arm64"), wanted: text("amd64") },
        ImageNotInArchive { file: text("image.tar"), image_id: text("sha256:1") },
        Bundle {
            image: text("golang:1.13"),
            source: BundleError::Lacks { path: "closed.oci.tar".into(), what: text("image golang:1.13") },
        },
        BundledImage { image: text("golang:1.13"), reason: text("the lock file does not have it") },
        BootstrapMissing,
        Bootstrap { suite: text("bullseye"), reason: text("exit code 25") },
        ImageLock { path: "cache/locks/image.lock".into(), source: system() },
        SourceFolderMissing {
            path: text("/usr/share/gocode/src"),
            package: text("golang-github-opencontainers-runc-dev"),
        },
        ToolchainUnknown {
            image: text("golang:1.13"),
            command: vec![text("go"), text("version")],
            reason: text("exit code 127"),
        },
        Toolchain
            {
                image: text("golang:1.13"),
                found: text("1.13.5"),
                upstream: text("1.13.9"),
                allowed: None,
            }
            {
                image: text("golang:1.13"),
                found: text("1.13.5"),
                upstream: text("1.13.9"),
                allowed: Some(text("1.12")),
            },
        NameTaken {
            name: text("k8s.gcr.io/kube-cross:v1.12.10-1"),
            other: text("sha256:2"),
            wanted: text("sha256:1"),
        },
        NoScript { engine: text("ssh://builder"), reason: text("its socket is on another machine") },
        Unsupported { engine: text("podman 4.3.1"), lacks: Lacking::Dockerfiles }
            { engine: text("podman 4.3.1"), lacks: Lacking::NetworkCut }
            { engine: text("crun 1.8.1"), lacks: Lacking::Limits }
            { engine: text("podman 4.3.1"), lacks: Lacking::MemoryLimits }
            { engine: text("local engine"), lacks: Lacking::ProcessorLimits }
            { engine: text("local engine"), lacks: Lacking::Images }
            { engine: text("podman 4.3.1"), lacks: Lacking::Container },
        RunNote { source: system() },
        StepFailed
            {
                step: step(),
                command: make(),
                exit_code: 2,
                last_lines: texts("make: *** [static] Error 2"),
                kept: None,
            }
            {
                step: step(),
                command: make(),
                exit_code: 2,
                last_lines: killed(),
                kept: kept(),
            },
        OutOfMemory
            { step: step(), limit: Some(1 << 30), last_lines: killed(), kept: kept() }
            { step: step(), limit: None, last_lines: Vec::new(), kept: None },
        TimedOut { step: step(), limit: Duration::from_mins(30), kept: kept() },
        Evicted { step: step(), last_lines: Vec::new() },
        OutputMissing { path: text("/go/src/runc/runc") },
        Collect (ArtifactError::Foreign { path: "dist".into() }),
        Interrupted,
    )
}

fn run_checks() -> Vec<Message> {
    let refusals = samples!("execute", Refusal:
        NoCgroups { version: text("crun 1.8.1") },
        CgroupVersion { version: text("2") },
        NoMemoryController,
        NoKernelMemory,
        ReadOnly { reason: text("Read-only file system") },
        NoUserNamespace { reason: text("unshare: unshare failed: No space left on device") },
        KubeletHasHostPower,
        Architecture { found: text("arm64"), wanted: text("amd64") },
        NoProgram { what: text("a text file") },
        KubeletWithoutDocker { said: text("Kubernetes v1.24.0") },
        NoDocker { version: text("podman 4.3.1") },
        CgroupDriver { driver: text("systemd") },
        EngineOfANode { container: text("k8s_POD_kube-proxy") },
        NoSocket { socket: text("/var/run/docker.sock") },
        OneContainer,
        NeitherOfThem { said: text("crun version 0.19.1") },
    );
    let checks = samples!("execute", explained RunCheckError:
        Refused { file: "runc".into(), source: Refusal::NoKernelMemory },
        Unreadable { file: "runc".into(), source: system() },
        Execute (ExecuteError::BootstrapMissing),
    );
    refusals.into_iter().chain(checks).collect()
}

pub(super) fn messages() -> Vec<Message> {
    [engines(), executions(), run_checks()]
        .into_iter()
        .flatten()
        .collect()
}
