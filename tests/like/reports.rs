//! Reports of other programs: each is refused with its name, whatever versions it contains.

use kmembuild::like::{Program, read};

use super::forms::{V1_15_5, info};
use super::wrong::refusal;

const DOCKER_INFO: &str = "Containers: 71\n Running: 61\nServer Version: 18.09.8\nStorage Driver: overlay2\n\
    Cgroup Driver: cgroupfs\nDefault Runtime: runc\ncontainerd version: b34a5c8af56e510852c35414db4c1f4fa6172339\n\
    runc version: 3e425f80a8c931f88e6d94a8c831b9d5aa481657\nKernel Version: 3.10.0-514.6.2.el7.x86_64\n";

/// Texts and JSON documents, and the name of the program that prints each.
const REPORTS: &[(&str, &str)] = &[
    (DOCKER_INFO, "`docker info`"),
    // As it is pasted from a ticket: the lines that say what it is may be missing.
    (
        "containerd version: b34a5c8\nrunc version: 3e425f8\n",
        "containerd",
    ),
    (
        "runc version: 3e425f80a8c931f88e6d94a8c831b9d5aa481657\n",
        "`docker info`",
    ),
    ("Docker version 18.09.8, build 0dd43dd87f\n", "Docker"),
    (
        "Client:\n Version:           18.09.8\n API version:       1.39\n",
        "Docker",
    ),
    (
        "Client: Docker Engine - Community\n Version:           20.10.7\n\nServer: Docker Engine - Community\n",
        "Docker",
    ),
    (
        "Client version: 1.7.1\nClient API version: 1.19\nServer version: 1.7.1\n",
        "Docker",
    ),
    (
        "containerd github.com/containerd/containerd v1.2.13 7ad184331fa3e55e52b890ea95e65ba581ae3429\n",
        "containerd",
    ),
    (
        "Client:\n  Version:  1.6.20~ds1\n  Revision: 1.6.20~ds1-1+b1\n",
        "containerd",
    ),
    (
        "Version:  0.1.0\nRuntimeName:  containerd\nRuntimeVersion:  v1.6.20\n",
        "crictl",
    ),
    (
        "Version:            1.6.4\nRemoteAPI Version:  1\nGo Version:         go1.12.12\n",
        "podman",
    ),
    (
        "Client:       Podman Engine\nVersion:      4.3.1\n",
        "podman",
    ),
    (
        "host:\n  buildahVersion: 1.23.1\n  cgroupManager: systemd\n",
        "`podman info`",
    ),
    (
        "version.BuildInfo{Version:\"v3.2.0\", GitCommit:\"e11b7ce\", GitTreeState:\"clean\", GoVersion:\"go1.13.10\"}\n",
        "Helm",
    ),
    (
        "Client: &version.Version{SemVer:\"v2.16.1\", GitCommit:\"bbdfe5e\"}\n",
        "Helm",
    ),
    (
        "etcd Version: 3.3.11\nGit SHA: 2cf9e51\nGo Version: go1.10.3\n",
        "etcd",
    ),
    ("etcdctl version: 3.3.11\nAPI version: 2\n", "etcd"),
    (
        "Client Version: 4.6.4\nServer Version: 4.6.4\nKubernetes Version: v1.19.0+9f84db3\n",
        "OpenShift",
    ),
    (
        "oc v3.11.0+0cbc58b\nkubernetes v1.11.0+d4cacc0\n",
        "OpenShift",
    ),
    (
        "Client Version:    v3.10.0\nGit commit:        7968b525\nCluster Version:   v3.10.0\n",
        "Calico",
    ),
    (
        "Version:       1.20.0\nGitTreeState:  clean\nLinkmode:      dynamic\n",
        "CRI-O",
    ),
    (
        "Client version: stable-2.9.0\nServer version: stable-2.9.0\n",
        "Linkerd",
    ),
    (
        "minikube version: v1.9.2\ncommit: 93af9c1e43cab9618e301bc9fa720c63d5efa393\n",
        "minikube",
    ),
    (
        "operator-sdk version: \"v0.15.0\", commit: \"21a93ca\"\n",
        "operator-sdk",
    ),
    // JSON
    (
        "{\"ID\": \"AB:CD\", \"ServerVersion\": \"18.09.8\", \"Driver\": \"overlay2\"}",
        "`docker info`",
    ),
    (
        "{\"Client\": {\"Version\": \"18.09.8\"}, \"Server\": {\"Version\": \"18.09.8\"}}",
        "Docker or podman",
    ),
    (
        "{\"version\": \"0.1.0\", \"runtimeName\": \"containerd\", \"runtimeVersion\": \"v1.6.20\"}",
        "crictl",
    ),
    (
        "{\"host\": {\"os\": \"linux\"}, \"store\": {}}",
        "`podman info`",
    ),
    (
        "{\"etcdserver\": \"3.3.11\", \"etcdcluster\": \"3.3.0\"}",
        "etcd",
    ),
    (
        "{\"clientVersion\": {\"version\": \"1.5.1\"}, \"meshVersion\": []}",
        "Istio",
    ),
];

#[test]
fn a_report_of_another_program_is_refused_with_its_name() {
    let kubeadm = format!("kubeadm version: &{}\n", info("v1.18.2", V1_15_5));
    let kubeadm = (kubeadm.as_str(), "kubeadm");
    for (text, name) in REPORTS.iter().chain([&kubeadm]) {
        let expected = format!("the text is a report of {name}; ");
        let refused = refusal(text.as_bytes());
        assert!(refused.starts_with(&expected), "{text}: {refused}");
    }
}

#[test]
fn a_version_that_kubernetes_cannot_have_is_not_its_version() {
    for (text, version) in [
        // Of a program that nobody has heard of.
        ("Server Version: 18.09.8\n", "18.09.8"),
        ("Client Version: 4.6.4\nServer Version: 4.6.4\n", "4.6.4"),
        ("Server Version: v2.4.0\n", "v2.4.0"),
        ("Server Version: 1.15.5\n", "1.15.5"),
        (r#"{"serverVersion": {"gitVersion": "v0.30.0"}}"#, "v0.30.0"),
        (
            r#"{"status": {"nodeInfo": {"kubeletVersion": "19.3.3"}}}"#,
            "19.3.3",
        ),
    ] {
        let refused = refusal(text.as_bytes());
        let expected =
            format!("{version} is not a version of Kubernetes, whose versions begin with v1");
        assert!(refused.starts_with(&expected), "{text}: {refused}");
    }
    // KubeVirt prints what kubectl prints, but for the first fields.
    let kubevirt = info("v1.0.0", V1_15_5).replace("Major:\"1\", Minor:\"15\", ", "");
    let refused = refusal(format!("Server Version: {kubevirt}\n").as_bytes());
    assert!(
        refused.starts_with("version.Info in the text has no Major"),
        "{refused}"
    );
}

#[test]
fn what_the_api_server_answers_is_its_version() {
    let raw = format!(
        r#"{{"major": "1", "minor": "x", "gitVersion": "v1.15.5", "gitCommit": "{V1_15_5}", "gitTreeState": "clean",
            "buildDate": "2020-01-01T00:00:00Z", "goVersion": "go1.12", "compiler": "gc", "platform": "linux/amd64"}}"#
    );
    let like = read(raw.as_bytes()).expect("a version");
    assert_eq!(like.program, Some(Program::Kubernetes));
    assert_eq!(like.version.expect("a version").text, "v1.15.5");
    assert_eq!(like.architecture.as_deref(), Some("amd64"));
    let refused = refusal(br#"{"gitVersion": "v1.15.5"}"#);
    assert!(
        refused.contains("neither serverVersion nor nodeInfo"),
        "{refused}"
    );
}

#[test]
fn what_a_login_prints_is_not_taken_for_a_program() {
    let text = "Welcome to node 7\nkernel version 3.10.0-1160.el7.x86_64\nrunc version 1.0.0-rc10\nspec: 1.0.1-dev\n";
    let like = read(text.as_bytes()).expect("a version");
    assert_eq!(like.version.expect("a version").text, "1.0.0-rc10");
    let refused = refusal(b"kernel version 3.10.0-1160.el7.x86_64\n");
    assert!(
        refused.contains("not the output of a supported command"),
        "{refused}"
    );
}
