//! A node: namespaces of its own with a dockerd and a kubelet.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::json;

use super::certificates::Authority;
use super::control_plane::words;
use super::namespaces::Namespaces;
use super::place::{Place, SCRIPTS, hierarchies};
use super::program::{Program, until};
use crate::support::kubernetes_programs::kubernetes_program;
use crate::support::processes::child_of;

/// Numbers of the nodes.
pub const NODES: [u8; 3] = [1, 2, 3];

/// Name of the image that holds a pod's namespaces, which a node has from its start.
const PAUSE: &str = "kmembuild-test/pause:1";

/// A node of a cluster.
pub struct Node {
    number: u8,
    hub: Namespaces,
    namespaces: Namespaces,
    /// Lives as long as the namespaces.
    nsenter: Child,
    docker: Program,
    kubelet: Program,
}

impl Node {
    /// Starts node `number`. `pause` is the root file system of the pause image, as an archive.
    pub fn start(place: &Place, authority: &Authority, number: u8, pause: &Path) -> Self {
        let folder = place.folder().join(format!("node-{number}"));
        let (nsenter, namespaces) = make_namespaces(place, &folder, number);
        let docker = Program::start(namespaces, &folder, docker(place, &folder, number));
        let kubelet = kubelet(place, authority, &folder, number);
        let mut node = Self {
            number,
            hub: place.hub,
            namespaces,
            nsenter,
            docker,
            // It waits for docker itself.
            kubelet: Program::start(namespaces, &folder, kubelet),
        };
        node.until_docker_answers();
        let waits = "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done";
        let change = format!("CMD {}", json!(["/bin/busybox", "sh", "-c", waits]));
        node.docker(&[
            "import",
            "--change",
            &change,
            &pause.display().to_string(),
            PAUSE,
        ]);
        node
    }

    /// Its name in the cluster.
    pub fn name(&self) -> String {
        format!("node-{}", self.number)
    }

    /// Runs `docker` on it; panics when that fails.
    #[track_caller]
    pub fn docker(&self, arguments: &[&str]) -> String {
        self.namespaces.run("docker", arguments)
    }

    /// Kills its dockerd, without mercy.
    pub fn kill_docker(&mut self) {
        self.docker.kill();
    }

    /// Unplugs it.
    pub fn cut_network(&self) {
        self.hub.run("ip", &["link", "set", &self.name(), "down"]);
    }

    /// Plugs it in, and starts what was killed.
    pub fn restore(&mut self) {
        self.hub.run("ip", &["link", "set", &self.name(), "up"]);
        self.docker.start_again();
        self.kubelet.start_again();
        self.until_docker_answers();
    }

    fn until_docker_answers(&mut self) {
        let namespaces = self.namespaces;
        self.docker.until("dockerd answers", || {
            let output = namespaces.command("docker").arg("version").output();
            output.expect("nsenter starts").status.success()
        });
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.nsenter.kill();
        let _ = self.nsenter.wait();
    }
}

fn make_namespaces(place: &Place, folder: &Path, number: u8) -> (Child, Namespaces) {
    fs::create_dir(folder).expect("a folder");
    for hierarchy in hierarchies() {
        let group = hierarchy.join(control_group(place, number));
        fs::create_dir_all(group).expect("a control group");
    }
    let nsenter = place
        .hub
        .command(&format!("{SCRIPTS}/start-node"))
        .arg(folder)
        .arg(place.network())
        .arg(number.to_string())
        .stdout(Stdio::null())
        .spawn()
        .expect("nsenter starts");
    let log = folder.join("node.log");
    until(&format!("node {number} is up"), || {
        let said = fs::read_to_string(&log).unwrap_or_default();
        let is_up = said.ends_with("the node is up\n");
        assert!(
            is_up || child_of(nsenter.id()).is_some() || said.is_empty(),
            "{said}"
        );
        is_up
    });
    // nsenter, the shell outside of the node's namespaces, and the first process inside.
    let first = child_of(nsenter.id()).and_then(child_of);
    let first = first.expect("the first process of the node");
    (nsenter, Namespaces { first })
}

fn control_group(place: &Place, number: u8) -> PathBuf {
    Path::new(&place.control_group()).join(format!("node-{number}"))
}

fn docker(place: &Place, folder: &Path, number: u8) -> Vec<String> {
    let configuration = json!({
        "storage-driver": "overlay2",
        "bip": format!("{}.{number}.1/24", place.network()),
        // Pods are known to each other by their own addresses, for which the nodes have routes.
        "iptables": false,
        "ip-masq": false,
        "insecure-registries": [format!("{}:5000", place.hub_address())],
        "cgroup-parent": Path::new("/").join(control_group(place, number)),
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "runtimes": {"without-capability": {"path": format!("{SCRIPTS}/runtime")}},
        "default-runtime": "without-capability",
    });
    let file = folder.join("docker.json");
    fs::write(&file, configuration.to_string()).expect("a written file");
    words(&["dockerd", "--config-file", &file.display().to_string()])
}

fn kubelet(place: &Place, authority: &Authority, folder: &Path, number: u8) -> Vec<String> {
    let name = format!("node-{number}");
    let user = authority.configure(&name, &format!("/O=system:nodes/CN=system:node:{name}"));
    let resolver = folder.join("resolv.conf");
    fs::write(&resolver, "").expect("a written file");
    let configuration = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": false},
            "x509": {"clientCAFile": authority.file("ca.crt")},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": Path::new("/").join(control_group(place, number)),
        "failSwapOn": false,
        "resolvConf": resolver,
        "oomScoreAdj": 0,
        "serializeImagePulls": false,
        "volumePluginDir": folder.join("volume-plugins"),
        // The disk is the one of this machine, which has other uses.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "2%"},
        "imageGCHighThresholdPercent": 100,
        // Short, so that what befalls a node is seen in seconds.
        "nodeStatusUpdateFrequency": "4s",
        "nodeLeaseDurationSeconds": 12,
    });
    let file = folder.join("kubelet.json");
    fs::write(&file, configuration.to_string()).expect("a written file");
    words(&[
        &kubernetes_program("kubelet"),
        &format!("--config={}", file.display()),
        &format!("--kubeconfig={}", user.display()),
        &format!("--cert-dir={}", folder.join("kubelet").display()),
        &format!("--hostname-override={name}"),
        &format!("--node-ip={}.0.1{number}", place.network()),
        &format!("--pod-infra-container-image={PAUSE}"),
    ])
}
