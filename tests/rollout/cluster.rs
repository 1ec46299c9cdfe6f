//! Nodes that are reached by real SSH servers on this machine, and a kubectl that remembers what it is told.
//!
//! No Kubernetes answers here: kubectl is a program that writes down the calls, and keeps which node is out of service and
//! who said so. Everything else is real: ssh, Ansible, the script on the node, its files, its reboots as ends of all processes.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::command::{Finished, Workplace};
use crate::support::node_programs::{SYSTEMCTL, UNAME};
use crate::support::node_results::{LOUD, QUIET, program, result};
use crate::support::preflight::installed;

const INIT: &str = include_str!("init.sh");
/// The systemctl of a node can end it; everything else it asks the one that is shared with other tests.
const REBOOTING: &str = "#!/bin/sh\ncase $1 in reboot) touch /run/reboot ;; *) exec /usr/local/lib/systemctl \"$@\" ;; esac\n";
const SHUTDOWN: &str = "#!/bin/sh\ntouch /run/reboot\n";
/// Keeps of each node whether it is out of service, and the note about that.
const KUBECTL: &str = r#"#!/bin/sh
cd "${0%/*}/../cluster" || exit 1
echo "$*" >>log
for last; do :; done
case "$1 $2" in
'get nodes') cat names ;;
'get node')
    out=''
    [ ! -e "$3.cordoned" ] || out=true
    printf '%s/%s' "$out" "$(cat "$3.note" 2>/dev/null)" ;;
'annotate --overwrite') echo "${5#*=}" >"$4.note" ;;
'annotate node') rm -f "$3.note" ;;
drain*)
    touch "$last.cordoned"
    [ ! -e "$last.undrainable" ] || { echo "error: cannot evict a pod" >&2; exit 1; } ;;
uncordon*)
    [ ! -e "$last.stuck" ] || { echo "error: the server is not there" >&2; exit 1; }
    rm -f "$last.cordoned" ;;
*) echo "unknown: $*" >&2; exit 2 ;;
esac
"#;

/// Nodes, and the directory that they are controlled from.
pub struct Cluster {
    pub workplace: Workplace,
    nodes: Vec<Node>,
}

struct Node {
    name: String,
    process: Child,
}

impl Drop for Node {
    fn drop(&mut self) {
        // With the first process of their namespace, all others end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Cluster {
    /// Nodes of these names, each with the files in its directory that say how it is to behave (`noexec`, `broken`, ...).
    pub fn start(nodes: &[(&str, &str)]) -> Self {
        let workplace = Workplace::new();
        for program in ["sshd", "ssh", "unshare", "flock", "timeout"] {
            installed(program);
        }
        for key in ["host", "user"] {
            let made = installed("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(workplace.path().join(key))
                .status();
            assert!(made.expect("ssh-keygen starts").success());
        }
        let install = install(&workplace);
        let mut cluster = Self {
            workplace,
            nodes: Vec::new(),
        };
        let mut config = cluster.client();
        let mut names = String::new();
        for (name, behaviour) in nodes {
            let port = free_port();
            cluster.add(name, behaviour, port, &install);
            config += &format!("Host {name}\n  Port {port}\n  HostKeyAlias node\n");
            names += &format!("node/{name}\n");
        }
        let config = cluster.workplace.write("ssh_config", &config);
        cluster.workplace.write("cluster/names", &names);
        cluster.workplace.write("cluster/log", "");
        let ssh = format!(
            "#!/bin/sh\nexec /usr/bin/ssh -F {} \"$@\"\n",
            config.display()
        );
        for (name, text) in [("ssh", ssh.as_str()), ("kubectl", KUBECTL)] {
            executable(&cluster.workplace.write(&format!("bin/{name}"), text));
        }
        let own = cluster.workplace.path().join("bin/kmembuild");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kmembuild"), own).expect("a link");
        for (name, _) in nodes {
            cluster.until(name, "booted", |control| {
                fs::read_to_string(control.join("sshd.log"))
                    .is_ok_and(|text| text.contains("Server listening"))
            });
        }
        cluster
    }

    /// What `ssh` is to know of all nodes.
    fn client(&self) -> String {
        let at = |name: &str| self.workplace.path().join(name).display().to_string();
        let public = fs::read_to_string(at("host.pub")).expect("a key");
        self.workplace
            .write("known_hosts", &format!("node {public}"));
        format!(
            "Host *\n  HostName 127.0.0.1\n  User root\n  IdentitiesOnly yes\n  IdentityFile {}\n  UserKnownHostsFile {}\n  \
             GlobalKnownHostsFile none\n  StrictHostKeyChecking yes\n  LogLevel ERROR\n",
            at("user"),
            at("known_hosts")
        )
    }

    fn add(&mut self, name: &str, behaviour: &str, port: u16, install: &Path) {
        let control = self.control(name);
        fs::create_dir_all(control.join("base")).expect("a directory");
        for file in behaviour.split_ascii_whitespace() {
            fs::write(control.join(file), "").expect("written");
        }
        let copied = Command::new("cp")
            .arg("-a")
            .arg(install)
            .arg(control.join("install"))
            .status();
        assert!(copied.expect("cp starts").success());
        fs::copy(self.new_runc(), control.join("new")).expect("copied");
        for key in ["host", "user.pub"] {
            fs::copy(self.workplace.path().join(key), control.join(key)).expect("copied");
        }
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey /control/host\nAuthorizedKeysFile /control/user.pub\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n\
             Subsystem sftp internal-sftp\n\
             SetEnv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
        );
        fs::write(control.join("sshd_config"), config).expect("written");
        let init = self.workplace.write("init.sh", INIT);
        let log = fs::File::create(control.join("init.log")).expect("a log");
        let process = installed("unshare")
            .args([
                "--mount",
                "--pid",
                "--uts",
                "--fork",
                "--kill-child=KILL",
                "sh",
            ])
            .arg(init)
            .arg(control.join("base"))
            .arg(&control)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.nodes.push(Node {
            name: name.to_owned(),
            process: process.expect("unshare starts"),
        });
    }

    /// The directory of the files that a node and a test share.
    pub fn control(&self, node: &str) -> PathBuf {
        self.workplace.path().join("nodes").join(node)
    }

    /// The result that is rolled out.
    pub fn result(&self) -> String {
        let path = self.workplace.path();
        let path = path.join("dist/runc/v1.0.0-rc10/linux-amd64");
        path.display().to_string()
    }

    fn new_runc(&self) -> PathBuf {
        Path::new(&self.result()).join("runc")
    }

    /// Writes a rollout to all nodes, in their order.
    pub fn write(&self, options: &[&str]) {
        // Without a user, Ansible would ask for sudo.
        let lines = self
            .nodes
            .iter()
            .map(|Node { name, .. }| format!("{name} root@{name}\n"));
        self.workplace
            .write("nodes.txt", &lines.collect::<String>());
        let result = self.result();
        let usual = [
            "rollout",
            &result,
            "--nodes",
            "nodes.txt",
            "--pause",
            "1s",
            "--reboot-timeout",
            "20s",
            "--check-timeout",
            "3s",
            "--script-option=--no-trial",
            "--script-option=--cgroups=/var/tmp/memory",
        ];
        let words = [&usual[..], options].concat();
        self.workplace.run(&words).code(0);
    }

    /// A command as the operator has it: with the kubectl, the ssh and the kmembuild of this cluster.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.workplace.set_up(Command::new(words[0]), &words[1..]);
        let own = self.workplace.path().join("bin").display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{own}:{path}"));
        command
    }

    pub fn run(&self, words: &[&str]) -> Finished {
        self.command(words).output().expect("it starts").into()
    }

    /// Runs a command of the shell on a node, which must end well.
    #[track_caller]
    pub fn on(&self, node: &str, script: &str) -> String {
        self.run(&["ssh", "-n", node, script]).code(0).stdout
    }

    /// What the nodes are like: the version of runc, whether the node is out of service, and how often it was rebooted.
    /// `node: new, in service, 1 reboot`
    pub fn states(&self) -> Vec<String> {
        let nodes = self.nodes.iter().map(|node| {
            let name = &node.name;
            let control = self.control(name);
            let runc = if control.join("stays-down").exists() {
                "down".to_owned()
            } else {
                match self.on(name, "runc").trim() {
                    "runc version 1.0.0-rc8" => "old".to_owned(),
                    "runc version 1.0.0-rc10" => "new".to_owned(),
                    other => panic!("{name}: {other}"),
                }
            };
            let cordoned = self
                .workplace
                .path()
                .join(format!("cluster/{name}.cordoned"));
            let service = if cordoned.exists() { "out" } else { "in" };
            let reboots = fs::read(control.join("reboots")).expect("a file").len();
            format!("{name}: {runc}, {service}, {reboots}")
        });
        nodes.collect()
    }

    /// What kubectl was told about a node, without the questions.
    pub fn calls(&self, node: &str) -> String {
        let log = fs::read_to_string(self.workplace.path().join("cluster/log")).expect("a log");
        let lines = log
            .lines()
            .filter(|line| !line.starts_with("get ") && line.split(' ').any(|word| word == node));
        let words = lines.filter_map(|line| line.split(' ').next());
        words.collect::<Vec<_>>().join(" ")
    }

    /// Removes a file that says how a node behaves, and waits until it answers.
    pub fn repair(&self, node: &str, behaviour: &str) {
        fs::remove_file(self.control(node).join(behaviour)).expect("it was there");
        self.until(node, "repaired", |_| {
            let answer = self.run(&[
                "ssh",
                "-n",
                node,
                "cp /usr/bin/true /var/lib/x && /var/lib/x",
            ]);
            answer.code == Some(0)
        });
    }

    /// Waits until a node was rebooted so often and answers again.
    pub fn until_rebooted(&self, node: &str, times: usize) {
        self.until(node, "rebooted", |control| {
            fs::read(control.join("reboots")).is_ok_and(|text| text.len() == times)
                && self.run(&["ssh", "-n", node, "true"]).code == Some(0)
        });
    }

    fn until(&self, node: &str, what: &str, is_so: impl Fn(&Path) -> bool) {
        let control = self.control(node);
        for _ in 0..600 {
            if is_so(&control) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = |name: &str| fs::read_to_string(control.join(name)).unwrap_or_default();
        panic!(
            "{node} is not {what}: {}{}",
            log("init.log"),
            log("sshd.log")
        );
    }
}

/// The files of every node: an old runc, a systemctl, a kernel that leaks by its name, and this tool.
fn install(workplace: &Workplace) -> PathBuf {
    let root = workplace.path().join("install");
    program(&root.join("usr/bin/runc"), "runc version 1.0.0-rc8", LOUD);
    for (name, text) in [
        ("local/bin/systemctl", REBOOTING),
        ("local/lib/systemctl", SYSTEMCTL),
        ("local/bin/uname", UNAME),
        ("sbin/shutdown", SHUTDOWN),
    ] {
        let path = root.join("usr").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(&path, text).expect("written");
        executable(&path);
    }
    let tool = root.join("usr/local/bin/kmembuild");
    fs::copy(env!("CARGO_BIN_EXE_kmembuild"), tool).expect("copied");
    result(
        &workplace.path().join("dist"),
        "runc",
        "v1.0.0-rc10",
        "runc version 1.0.0-rc10",
        QUIET,
    );
    root
}

fn executable(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// A port that nobody listens at.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
