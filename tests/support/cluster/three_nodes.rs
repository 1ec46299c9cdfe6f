//! The whole cluster.

use std::fs;
use std::path::Path;
use std::thread;

use rustix::process::Signal;
use serde_json::json;

use super::certificates::Authority;
use super::control_plane::{ControlPlane, words};
use super::kubectl::Kubectl;
use super::node::{NODES, Node};
use super::place::Place;
use super::program::{Program, until};
use crate::support::preflight::installed;
use crate::support::small_image::small_root_with;

/// A cluster, until dropped. Nothing is left of it then, nor when this process is killed.
pub struct Cluster {
    nodes: Vec<Node>,
    control_plane: ControlPlane,
    registry: Program,
    /// As an administrator.
    pub kubectl: Kubectl,
    authority: Authority,
    place: Place,
}

impl Cluster {
    /// Starts one, and waits until its nodes are ready.
    pub fn start() -> Self {
        // What they need that is not there is said of all at once.
        for name in ["dockerd", "etcd", "docker-registry"] {
            installed(name);
        }
        let place = Place::make();
        let folder = place.folder();
        let authority = Authority::make(&folder.join("authority"), &place.hub_address());
        let configuration = authority.configure("admin", "/O=system:masters/CN=admin");
        let kubectl = Kubectl { configuration };
        let registry = registry(&place, &authority);
        let control_plane = ControlPlane::start(&place, &authority, &kubectl);
        let root = folder.join("root.tar");
        // What trusts the registry in a pod has its authority from the image.
        let trusted = fs::read(authority.file("ca.crt")).expect("a certificate");
        let trusted = ("etc/ssl/certs/ca-certificates.crt", &trusted[..]);
        fs::write(&root, small_root_with(&[trusted])).expect("a written file");
        let start = |number| Node::start(&place, &authority, number, &root);
        let nodes = thread::scope(|scope| {
            let starting = NODES.map(|number| scope.spawn(move || start(number)));
            let started = starting.map(|node| node.join().expect("a node starts"));
            started.into()
        });
        let mut cluster = Self {
            nodes,
            control_plane,
            registry,
            kubectl,
            authority,
            place,
        };
        cluster.push_image(&root);
        cluster.until_ready();
        // While no node is ready, 1.20 puts each into the queue of those to be tainted once a second, and an entry too many of one
        // that got ready stays at its head for ever: no node that is lost later would be.
        cluster.control_plane.controllers.kill();
        cluster.control_plane.controllers.start_again();
        cluster
    }

    /// The configuration by which an administrator uses it.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubectl.configuration
    }

    /// The certificate of the authority that its registry is known by.
    pub fn trusted(&self) -> String {
        self.authority.file("ca.crt")
    }

    /// Its registry, by the address that this machine, the nodes and the pods know it by. It speaks TLS; the busybox image
    /// trusts it.
    pub fn registry(&self) -> String {
        format!("{}:5000", self.place.hub_address())
    }

    /// The address of this machine that pods reach.
    pub fn host_address(&self) -> String {
        format!("{}.0.254", self.place.network())
    }

    /// An image in the registry: busybox under all its names.
    pub fn busybox_image(&self) -> String {
        format!("{}/busybox:1", self.registry())
    }

    /// Node `number`, of [`NODES`].
    pub fn node(&mut self, number: u8) -> &mut Node {
        &mut self.nodes[usize::from(number - 1)]
    }

    /// Kills the API server, and waits until a new one is ready.
    pub fn restart_api_server(&mut self) {
        self.control_plane.api_server.kill();
        self.until_api_is_ready();
    }

    /// Kills etcd, and waits until a new one and the API server are ready.
    pub fn restart_etcd(&mut self) {
        self.control_plane.etcd.kill();
        self.until_api_is_ready();
    }

    /// Lets the registry answer nobody, though it still takes connections.
    pub fn stall_registry(&self) {
        self.registry.send(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume_registry(&self) {
        self.registry.send(Signal::CONT);
    }

    /// Puts everything right that a test may have broken, and waits until the nodes are ready.
    pub fn restore(&mut self) {
        if !self.registry.has_ended() {
            self.resume_registry();
        }
        self.registry.start_again();
        self.until_api_is_ready();
        for node in &mut self.nodes {
            node.restore();
        }
        self.until_ready();
    }

    fn until_api_is_ready(&mut self) {
        let (plane, kubectl) = (&mut self.control_plane, &self.kubectl);
        plane.etcd.start_again();
        plane.api_server.start_again();
        plane
            .api_server
            .until("the API server is ready", || kubectl.is_ready());
        // They may have ended with what they could not reach.
        plane.controllers.start_again();
        plane.scheduler.start_again();
    }

    fn until_ready(&mut self) {
        for node in &self.nodes {
            let name = format!("node/{}", node.name());
            until(&format!("{name} is known"), || {
                self.kubectl.try_run(&["get", &name]).status.success()
            });
            self.kubectl.wait("Ready", &name);
        }
        // What pods are made of comes with the namespace, a little after it.
        until("the service account of pods is there", || {
            let account = self.kubectl.try_run(&["get", "serviceaccount/default"]);
            account.status.success()
        });
    }

    fn push_image(&mut self, root: &Path) {
        let image = self.busybox_image();
        let node = self.node(1);
        node.docker(&[
            "import",
            "--change",
            "ENV PATH=/bin",
            &root.display().to_string(),
            &image,
        ]);
        node.docker(&["push", "--quiet", &image]);
        // So that every node has to pull it.
        node.docker(&["rmi", &image]);
    }
}

fn registry(place: &Place, authority: &Authority) -> Program {
    let folder = place.folder();
    let configuration = json!({
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {
            "filesystem": {"rootdirectory": folder.join("registry")},
            "delete": {"enabled": true},
        },
        "http": {
            "addr": format!("{}:5000", place.hub_address()),
            "tls": {"certificate": authority.file("apiserver.crt"), "key": authority.file("apiserver.key")},
        },
    });
    let file = folder.join("registry.yml");
    fs::write(&file, configuration.to_string()).expect("a written file");
    let command = words(&["docker-registry", "serve", &file.display().to_string()]);
    Program::start(place.hub, &folder, command)
}
