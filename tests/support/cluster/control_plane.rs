//! etcd and the programs of Kubernetes that run once in a cluster.

use std::path::Path;

use super::certificates::Authority;
use super::kubectl::Kubectl;
use super::place::Place;
use super::program::Program;
use crate::support::kubernetes_programs::kubernetes_program;

/// They run on the hub.
pub struct ControlPlane {
    pub etcd: Program,
    pub api_server: Program,
    pub controllers: Program,
    pub scheduler: Program,
}

impl ControlPlane {
    /// Starts them, and waits until the API server is ready.
    pub fn start(place: &Place, authority: &Authority, kubectl: &Kubectl) -> Self {
        let folder = place.folder();
        let start = |words: Vec<String>| Program::start(place.hub, &folder, words);
        let etcd = start(etcd(&folder));
        let mut api_server = start(api_server(&place.hub_address(), authority));
        api_server.until("the API server is ready", || kubectl.is_ready());
        Self {
            etcd,
            api_server,
            controllers: start(controllers(authority)),
            scheduler: start(scheduler(authority)),
        }
    }
}

fn etcd(folder: &Path) -> Vec<String> {
    let data = folder.join("etcd").display().to_string();
    words(&[
        "etcd",
        "--data-dir",
        &data,
        // Less than what a machine's crash would lose is lost by that of a program.
        "--unsafe-no-fsync",
    ])
}

fn api_server(address: &str, authority: &Authority) -> Vec<String> {
    words(&[
        &kubernetes_program("kube-apiserver"),
        "--etcd-servers=http://127.0.0.1:2379",
        &format!("--bind-address={address}"),
        &format!("--advertise-address={address}"),
        "--secure-port=6443",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        &format!("--client-ca-file={}", authority.file("ca.crt")),
        &format!("--tls-cert-file={}", authority.file("apiserver.crt")),
        &format!("--tls-private-key-file={}", authority.file("apiserver.key")),
        // For the logs of pods, which it gets from kubelets; nobody here knows them by name.
        "--kubelet-preferred-address-types=InternalIP",
        &format!(
            "--kubelet-client-certificate={}",
            authority.file("admin.crt")
        ),
        &format!("--kubelet-client-key={}", authority.file("admin.key")),
        "--service-cluster-ip-range=10.96.0.0/16",
        "--service-account-issuer=https://kubernetes.default.svc",
        &format!(
            "--service-account-key-file={}",
            authority.file("accounts.crt")
        ),
        &format!(
            "--service-account-signing-key-file={}",
            authority.file("accounts.key")
        ),
        // A pod leaves a node that is lost after seconds, not after the five minutes of a large cluster.
        "--default-not-ready-toleration-seconds=5",
        "--default-unreachable-toleration-seconds=5",
    ])
}

fn controllers(authority: &Authority) -> Vec<String> {
    let configuration = authority.configure("controllers", "/CN=system:kube-controller-manager");
    words(&[
        &kubernetes_program("kube-controller-manager"),
        &format!("--kubeconfig={}", configuration.display()),
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        "--port=0",
        &format!("--cert-dir={}", authority.file("controllers")),
        &format!("--root-ca-file={}", authority.file("ca.crt")),
        &format!(
            "--service-account-private-key-file={}",
            authority.file("accounts.key")
        ),
        "--use-service-account-credentials",
        "--node-monitor-period=1s",
        "--node-monitor-grace-period=16s",
        // Each lost node is tainted before it is looked at again; see `Cluster::start`.
        "--node-eviction-rate=10",
    ])
}

fn scheduler(authority: &Authority) -> Vec<String> {
    let configuration = authority.configure("scheduler", "/CN=system:kube-scheduler");
    words(&[
        &kubernetes_program("kube-scheduler"),
        &format!("--kubeconfig={}", configuration.display()),
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        "--port=0",
        &format!("--cert-dir={}", authority.file("scheduler")),
    ])
}

/// A command line.
pub fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
