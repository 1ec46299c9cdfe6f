//! Errors of clusters, and of builds on them.

use std::time::Duration;

use kmembuild::build::{ClusterBuildError, PodFailure};
use kmembuild::engine::ClusterError;
use kmembuild::transport::TransportError;

use super::{Message, system, text};

const LIMIT: Duration = Duration::from_mins(10);

fn clusters() -> Vec<Message> {
    let job = || text("kmembuild-runc-0123456789abcdef01234567");
    let node = || text("worker-1");
    let api = || text("https://10.0.0.1:6443");
    let namespace = || text("builds");
    samples!("cluster", explained ClusterError:
        NotBuiltIn,
        NoRegistry,
        NotARegistry { place: text("oci:/srv/builds") },
        Kubeconfig { source: system().into() },
        Unreachable { address: api(), source: system().into() },
        Unauthorized { address: api(), message: text("Unauthorized") },
        Forbidden {
            verb: "create",
            resource: "jobs",
            namespace: namespace(),
            message: text("jobs.batch is forbidden: User \"builder\" cannot create resource \"jobs\" in API group \"batch\" in the namespace \"builds\""),
        },
        NoNamespace { namespace: namespace() },
        Refused { verb: "create", what: job(), message: text("admission webhook \"policy\" denied the request") },
        Quota { namespace: namespace(), job: job(), message: text("FailedCreate: pods \"x\" is forbidden: exceeded quota: small, requested: requests.memory=2Gi, used: requests.memory=3Gi, limited: requests.memory=4Gi") },
        Unscheduled { job: job(), reason: text("0/3 nodes are available: 3 Insufficient memory."), limit: LIMIT },
        NotBegun { job: job(), node: node(), reason: text("FailedMount: secret \"push\" not found"), limit: LIMIT },
        ImagePull { job: job(), node: node(), image: text("registry.example/golang@sha256:1"), reason: text("ErrImagePull: manifest unknown") },
        NotMade { job: job(), node: node(), reason: text("CreateContainerError: no space left on device") },
        Evicted { job: job(), node: node(), message: text("Evicted: The node was low on resource: ephemeral-storage."), attempts: 3 },
        Preempted { job: job(), node: node(), attempts: 3 },
        NodeLost { job: job(), node: node(), attempts: 3 },
        Removed { job: job(), attempts: 3 },
        OutOfMemory { job: job(), node: node(), limit: Some(2 << 30) },
        TooLong { job: job(), limit: Duration::from_hours(2) },
        NoResult { job: job(), node: node(), code: 12, message: text("error: could not move the inputs of x through registry.example/builds/work") },
        NoSessions { what: "run single commands" },
        NotStatic { path: "/usr/bin/kmembuild".into() },
        Program { path: "/usr/bin/kmembuild".into(), source: system().into() },
        Unwritable { path: "/root/.cache/kmembuild/kubernetes".into(), source: system() },
        Push {
            what: text("kmembuild-0123"),
            place: text("registry.example/builds/images"),
            source: Box::new(TransportError::NotFound { what: text("1"), place: text("registry.example/builds/images") }),
        },
    )
}

pub(super) fn messages() -> Vec<Message> {
    let missing = || TransportError::NotFound {
        what: text("sha256:1"),
        place: text("registry.example/builds/work"),
    };
    let builds = samples!("cluster", explained ClusterBuildError:
        Script,
        Inputs { title: text("runc v1.0.0-rc10"), place: text("registry.example/builds/work"), source: missing() },
        Result { title: text("runc v1.0.0-rc10"), place: text("registry.example/builds/work"), source: missing() },
        InPod {
            failure: PodFailure {
                exit_code: 14,
                message: text("step make failed with exit code 2"),
                causes: vec![text("no rule to make target")],
                hints: vec![text("read the log")],
            },
        },
        NotUsed { title: text("runc v1.0.0-rc10"), reason: text("its manifest names another plan") },
        OtherInput { reason: text("it has format 7") },
        File { path: "/root/.cache/kmembuild/cluster".into(), source: system() },
    );
    clusters().into_iter().chain(builds).collect()
}
