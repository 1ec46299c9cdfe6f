//! Reports of other programs, which contain versions that are not those of Kubernetes or of runc.

use serde_json::Value;

use super::names::{OF_THE_SYSTEM, is_name};

/// Beginnings of lines, and the report that has such a line. The first that fits counts, so that a report which quotes
/// another program is called by its own name.
const LINES: [(&str, &[&str]); 20] = [
    (
        "`docker info`",
        &[
            "Storage Driver:",
            "Docker Root Dir:",
            "Logging Driver:",
            "Cgroup Driver:",
            "Default Runtime:",
            "Live Restore Enabled:",
        ],
    ),
    (
        "`podman info`",
        &[
            "buildahVersion:",
            "BuildahVersion:",
            "graphDriverName:",
            "GraphDriverName:",
        ],
    ),
    ("etcd", &["etcd Version:", "etcdctl version:"]),
    ("crictl", &["RuntimeName:", "RuntimeVersion:"]),
    (
        "podman",
        &[
            "RemoteAPI Version:",
            "Client: Podman",
            "Server: Podman",
            "APIVersion:",
            "API Version:",
        ],
    ),
    (
        "Docker",
        &[
            "Docker version ",
            "API version:",
            "Client API version:",
            "Server API version:",
            "Client: Docker",
            "Server: Docker",
        ],
    ),
    (
        "Helm",
        &[
            "version.BuildInfo{",
            "Client: &version.Version{",
            "Server: &version.Version{",
            "Client: v2.",
        ],
    ),
    ("OpenShift", &["oc v", "openshift v", "Kubernetes Version:"]),
    ("CRI-O", &["Linkmode:", "BuildTags:"]),
    (
        "Calico",
        &[
            "Cluster Version:",
            "Cluster Calico Version:",
            "Cluster Type:",
        ],
    ),
    (
        "Istio",
        &[
            "client version:",
            "control plane version:",
            "data plane version:",
        ],
    ),
    ("Tekton", &["Pipeline version:"]),
    (
        "Linkerd",
        &["Client version: stable-", "Client version: edge-"],
    ),
    ("cert-manager", &["Client Version: util.Version{"]),
    ("Kustomize", &["{Version:kustomize", "{kustomize/"]),
    ("Argo CD", &["argocd:", "argocd-server:"]),
    ("kind", &["kind v"]),
    ("kops", &["Version 1.", "Client version: 1."]),
    // Of `ctr version`, below `Client:` and `Server:`.
    ("containerd", &["containerd ", "Revision:"]),
    ("Velero", &["velero "]),
];

/// Keys at the top of a document, all of which the report has.
const KEYS: [(&str, &[&str]); 11] = [
    ("`docker info`", &["ServerVersion"]),
    ("`podman info`", &["host", "store"]),
    ("Docker or podman", &["Client"]),
    ("crictl", &["runtimeName"]),
    ("crictl", &["config", "status"]),
    ("Helm", &["git_commit", "version"]),
    ("etcd", &["etcdserver"]),
    ("Istio", &["meshVersion"]),
    ("Istio", &["dataPlaneVersion"]),
    ("cert-manager", &["clientVersion", "versions"]),
    ("Buildah", &["imageSpec", "runtimeSpec"]),
];

/// The program that printed a text, if it is another than Kubernetes' programs and container runtimes.
pub(super) fn of_text(text: &str) -> Option<String> {
    // Reports are tables with any number of spaces between a name and its value.
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let known = LINES.iter().find(|(_, beginnings)| {
        lines.iter().any(|line| {
            beginnings
                .iter()
                .any(|beginning| line.starts_with(beginning))
        })
    });
    if let Some((name, _)) = known {
        return Some((*name).to_owned());
    }
    // `NAME version: ...` is how many programs introduce themselves; runc and Kubernetes write no colon.
    let mut named = lines.iter().filter_map(|line| {
        let (name, _) = line.split_once(" version:")?;
        (is_name(name) && !OF_THE_SYSTEM.contains(&name)).then_some(name)
    });
    named.next().map(|name| match name {
        // An excerpt: only Docker writes the colon.
        "runc" => "`docker info`".to_owned(),
        name => name.to_owned(),
    })
}

/// The program that printed a JSON document, if it is a known other one.
pub(super) fn of_json(text: &str) -> Option<String> {
    let keys: serde_json::Map<String, Value> = serde_json::from_str(text).ok()?;
    let has = |key: &&str| keys.contains_key(*key);
    let known = KEYS.iter().find(|(_, wanted)| wanted.iter().all(has));
    known.map(|(name, _)| (*name).to_owned())
}
