//! Nodes that are asked over a real SSH server on this machine, with keys and a port of its own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::command::{Finished, Workplace};
use crate::support::preflight::installed;

/// A server that runs until this goes.
struct Server {
    workplace: Workplace,
    process: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn start() -> Self {
        let workplace = Workplace::new();
        let at = |name: &str| workplace.path().join(name);
        for key in ["host", "other-host", "user", "stranger"] {
            let made = installed("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(at(key))
                .status();
            assert!(made.expect("ssh-keygen starts").success());
        }
        // Its processes without rights have this as their root directory.
        fs::create_dir_all("/run/sshd").expect("a directory");
        let port = free_port();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n",
            at("host").display(),
            at("user.pub").display(),
        );
        let config = workplace.write("sshd_config", &config);
        // The server starts itself again for each connection, by its whole path.
        let mut process = Command::new(whole_path("sshd"))
            .args(["-D", "-e", "-f"])
            .arg(config)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sshd starts");
        let mut said = BufReader::new(process.stderr.take().expect("a pipe")).lines();
        let listening = said.any(|line| line.expect("a line").contains("Server listening"));
        assert!(listening, "sshd ended");
        // What it says later must not block it.
        std::thread::spawn(move || said.for_each(drop));
        let server = Self { workplace, process };
        server.configure_client(port);
        server
    }

    /// The hosts that the client knows, and the `ssh` that is found first.
    fn configure_client(&self, port: u16) {
        let at = |name: &str| self.workplace.path().join(name).display().to_string();
        let public = |key: &str| fs::read_to_string(at(key)).expect("a key");
        let known = |name: &str, key: &str| format!("{name} {}", public(key));
        let hosts = [
            known("node1,node2,locked", "host.pub"),
            known("changed", "other-host.pub"),
        ];
        self.workplace.write("known_hosts", &hosts.concat());
        let (user, stranger, known) = (at("user"), at("stranger"), at("known_hosts"));
        let closed = free_port();
        let mut config = format!(
            "Host *\n  HostName 127.0.0.1\n  User root\n  IdentitiesOnly yes\n  UserKnownHostsFile {known}\n\
             GlobalKnownHostsFile none\n  StrictHostKeyChecking yes\n  LogLevel ERROR\n"
        );
        for (host, port, key) in [
            ("node1", port, &user),
            ("node2", port, &user),
            ("locked", port, &stranger),
            ("changed", port, &user),
            ("closed", closed, &user),
        ] {
            config += &format!(
                "Host {host}\n  Port {port}\n  IdentityFile {key}\n  HostKeyAlias {host}\n"
            );
        }
        let config = self.workplace.write("ssh_config", &config);
        let real = whole_path("ssh");
        let text = format!(
            "#!/bin/sh\nexec {} -F {} \"$@\"\n",
            real.display(),
            config.display()
        );
        let ssh = self.workplace.write("bin/ssh", &text);
        fs::set_permissions(ssh, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    fn fleet(&self, words: &[&str]) -> Finished {
        let mut command = self.workplace.command(&[&["fleet"], words].concat());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.workplace.path().join("bin")].into_iter();
        let folders = folders.chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders).expect("a path"));
        command.output().expect("the command starts").into()
    }
}

/// A port that nobody listens at.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn whole_path(program: &str) -> PathBuf {
    installed(program);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut paths = std::env::split_paths(&path).map(|folder| folder.join(program));
    paths.find(|path| path.is_file()).expect("it is there")
}

#[test]
fn a_real_server_is_asked_and_who_refuses_is_a_row() {
    let server = Server::start();
    let remote = env!("CARGO_BIN_EXE_kmembuild");
    let hosts = ["node1", "root@node2", "locked", "changed", "closed"].join("\n");
    server.workplace.write("hosts", &hosts);
    let words = [
        "--ssh-hosts",
        "hosts",
        "--remote",
        remote,
        "--format",
        "json",
    ];
    let finished = server.fleet(&words);
    let fleet: Value = serde_json::from_str(&finished.stdout).expect("one document");
    let nodes = fleet["nodes"].as_array().expect("nodes");
    let node = |host: &str| {
        let mut nodes = nodes.iter();
        nodes.find(|node| node["host"] == host).expect("a row")
    };
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("a kernel");
    for host in ["node1", "root@node2"] {
        assert_eq!(node(host)["kernel"], release.trim(), "{}", node(host));
        assert_ne!(node(host)["state"], "unreachable");
    }
    for (host, reason) in [
        ("locked", "Permission denied (publickey)"),
        ("changed", "Host key verification failed"),
        ("closed", "Connection refused"),
    ] {
        assert_eq!(node(host)["state"], "unreachable");
        let why = node(host)["why"].as_str().expect("a text");
        assert!(why.contains(reason), "{host}: {why}");
    }
    let missing = server
        .fleet(&["--ssh", "node1", "--remote", "/nowhere/kmembuild"])
        .code(4);
    missing.prints("/nowhere/kmembuild was not found there");
}
