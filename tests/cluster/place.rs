//! A place to release from over the cluster: recipes of one step, which tells this process that it runs.

use std::io::Read as _;
use std::net::{IpAddr, TcpListener};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::support::build_place::{architecture, manifest};
use crate::support::cluster::{Cluster, until};
use crate::support::command::{Finished, Workplace};
use crate::support::running::Running;
use crate::support::static_program::static_program;
use crate::support::upstream::make_upstream;

/// How long work waits for a node: longer than a lost node is waited for, and than the pods on it are kept.
const PENDING: &str = "150s";
/// Namespace of the Jobs.
const NAMESPACE: &str = "builds";

const RECIPE: &str = r#"
format: 1
name: NAME
summary: a step that a test chooses
source:
  git:
    urls: ["UPSTREAM"]
    tags: {v1.0.0: COMMIT}
architectures:
  amd64: {}
  arm64: {}
images:
  default: registry
  registry: {name: "IMAGE"}
build:
  workdir: /work/deep/src
  network: open
  timeout: 5m
  steps:
    - name: script
      command: [sh, -c, SCRIPT]
outputs:
  - path: tool
"#;

/// Home, recipes and configuration of somebody who releases, and what the pods said.
pub struct Releaser {
    pub workplace: Workplace,
    configuration: String,
    trusted: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Releaser {
    /// With `count` targets: `t1` and so on, each of which tells this process when it begins, runs the script, and makes a tool
    /// of its own.
    pub fn new(cluster: &Cluster, count: usize, script: &str) -> Self {
        let workplace = Workplace::new();
        let (heard, address) = listen(&cluster.host_address());
        let commit = make_upstream(&workplace.path().join("upstream"));
        let upstream = format!("file://{}/upstream", workplace.path().display());
        let mut release = "format: 1\noutput: dist\nrecipes: [recipes]\ntargets:\n".to_owned();
        for number in 1..=count {
            let name = format!("t{number}");
            let script = format!(
                "test -f main.c && echo {name} | nc {address} && {{ {script}; }} && \
                 cp /bin/busybox tool && echo {name} >>tool"
            );
            let recipe = RECIPE
                .replace("NAME", &name)
                .replace("UPSTREAM", &upstream)
                .replace("COMMIT", &commit)
                .replace("IMAGE", &cluster.busybox_image())
                .replace("SCRIPT", &Value::from(script).to_string());
            workplace.write(&format!("recipes/{name}.yaml"), &recipe);
            release += &format!("  - recipe: {name}\n    versions: [v1.0.0]\n");
        }
        workplace.write("release.yaml", &release);
        let registry = cluster.registry();
        let program = static_program().expect("looked for");
        workplace.write(
            "config/config.yaml",
            &format!(
                "format: 1\nkubernetes:\n  namespace: {NAMESPACE}\n  \
                 registry: {registry}/{NAMESPACE}\n  memory: 200MiB\n  cpus: '0.1'\n  disk: 200MiB\n  \
                 pending: {PENDING}\n  parallelism: 6\n  program: {}\n",
                program.display()
            ),
        );
        // There already when an earlier test made it.
        cluster.kubectl.try_run(&["create", "namespace", NAMESPACE]);
        Self {
            workplace,
            configuration: cluster.kubeconfig().display().to_string(),
            trusted: cluster.trusted(),
            heard,
        }
    }

    /// Lets work wait for a node only so long.
    pub fn wait_only(&self, pending: &str) {
        let path = self.workplace.path().join("config/config.yaml");
        let text = std::fs::read_to_string(&path).expect("a configuration");
        let text = text.replace(PENDING, pending);
        self.workplace.write("config/config.yaml", &text);
    }

    /// The command with a cache of its own, as on another machine.
    pub fn start_elsewhere(&self) -> Running {
        let mut command = self.command(&["release", "release.yaml", "--output", "elsewhere"]);
        let cache = self.workplace.path().join("cache-elsewhere");
        Running::start(command.env("KMEMBUILD_CACHE_DIR", cache))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut env = Command::new("env");
        env.args(["--default-signal=HUP,INT"])
            .arg(static_program().expect("looked for"));
        let mut command = self.workplace.set_up(env, arguments);
        command
            .env("KUBECONFIG", &self.configuration)
            .env("SSL_CERT_FILE", &self.trusted)
            .env("KMEMBUILD_ENGINE", "kubernetes");
        command
    }

    /// Runs the tool to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        Running::start(&mut self.command(arguments)).finish()
    }

    /// Starts the release.
    pub fn start(&self) -> Running {
        Running::start(&mut self.command(&["release", "release.yaml"]))
    }

    /// Makes the release to its end.
    pub fn release(&self) -> Finished {
        self.start().finish()
    }

    /// What the pods said so far, `TARGET NODE` for each that began, in order of their names.
    pub fn heard(&self) -> Vec<String> {
        let mut heard = self
            .heard
            .lock()
            .expect("no test has panicked with it")
            .clone();
        heard.sort();
        heard
    }

    /// Asserts that every target has its own tool, as its pod made it.
    #[track_caller]
    pub fn assert_released(&self, count: usize) {
        for number in 1..=count {
            let folder = format!("dist/t{number}/v1.0.0/linux-{}", architecture());
            let folder = self.workplace.path().join(folder);
            let tool = std::fs::read(folder.join("tool")).expect("a tool");
            assert!(tool.ends_with(format!("\0t{number}\n").as_bytes()));
            assert!(
                manifest(&folder)["engine"]
                    .as_str()
                    .is_some_and(|engine| engine.contains("ubernetes"))
            );
        }
    }

    /// On which node each target was built by the release's index, as [`Self::heard`].
    pub fn nodes(&self) -> Vec<String> {
        let index = std::fs::read_to_string(self.workplace.path().join("dist/index.json"));
        let index: Value = serde_json::from_str(&index.expect("an index")).expect("JSON");
        let targets = index["targets"].as_array().expect("targets").iter();
        let mut nodes: Vec<_> = targets
            .map(|target| {
                let mut stages = target["stages"].as_array().expect("stages").iter();
                let waited = stages.clone().any(|stage| stage["name"] == "wait");
                assert!(waited, "{target}");
                let job = stages.find(|stage| stage["name"] == "job").expect("a job");
                let text = |value: &Value| value.as_str().expect("text").to_owned();
                format!("{} {}", text(&target["recipe"]), text(&job["node"]))
            })
            .collect();
        nodes.sort();
        nodes
    }

    /// Asserts that no Job and no pod of the tool is left in the cluster.
    #[track_caller]
    pub fn assert_nothing_is_left(cluster: &Cluster) {
        let label = "--selector=app.kubernetes.io/managed-by=kmembuild";
        let namespace = format!("--namespace={NAMESPACE}");
        // Pods that were deleted end a moment later.
        until("no pod is left", || {
            let pods = ["get", "pods", "--output=name", label, &namespace];
            cluster.kubectl.run(&pods).is_empty()
        });
        let jobs = ["get", "jobs", "--output=name", label, &namespace];
        let left = cluster.kubectl.run(&jobs);
        assert_eq!(left, "");
    }

    /// The Jobs of the tool.
    pub fn jobs(cluster: &Cluster) -> Vec<Value> {
        let label = "--selector=app.kubernetes.io/managed-by=kmembuild";
        let list = cluster
            .kubectl
            .get(&["jobs", label, &format!("--namespace={NAMESPACE}")]);
        list["items"].as_array().expect("a list").clone()
    }

    /// Runs kubectl in the namespace of the Jobs.
    #[track_caller]
    pub fn kubectl(cluster: &Cluster, arguments: &[&str]) -> String {
        let namespace = format!("--namespace={NAMESPACE}");
        cluster.kubectl.run(&[arguments, &[&namespace]].concat())
    }
}

/// Listens on an address of this machine that pods reach; `HOST PORT`, as `nc` takes it.
fn listen(host: &str) -> (Arc<Mutex<Vec<String>>>, String) {
    let listener = TcpListener::bind((host, 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let here = Arc::clone(&heard);
    thread::spawn(move || {
        while let Ok((mut stream, peer)) = listener.accept() {
            // The pods of node N have the addresses A.B.N.x.
            let IpAddr::V4(address) = peer.ip() else {
                continue;
            };
            let mut line = String::new();
            if stream.read_to_string(&mut line).is_ok() {
                let line = format!("{} node-{}", line.trim(), address.octets()[2]);
                here.lock()
                    .expect("no test has panicked with it")
                    .push(line);
            }
        }
    });
    (heard, format!("{host} {port}"))
}
