//! A node: a container with a runc, a kubelet, and a systemctl that writes down what it is asked for.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::support::command::{Finished, Workplace};
use crate::support::debian_image::debian_image;
use crate::support::docker_command::docker;
use crate::support::node_programs::{SYSTEMCTL, UNAME};
use crate::support::node_results::{LOUD, QUIET, program, result};
use crate::support::preflight::installed;
use crate::support::scratch::Scratch;

/// Where the docker of `CentOS` 7 has its runc.
pub const OTHER_RUNC: &str = "/usr/libexec/docker/docker-runc-current";

/// A running node with scripts for the new binaries, which lie in /root/new: node.sh for runc v1.0.0-rc10 and kubelet
/// v1.15.5, runc.sh and kubelet.sh for one of them, and newer.sh for runc v1.0.0-rc92.
pub struct Node {
    scratch: Scratch,
}

impl Node {
    /// One whose kubelet is of that version.
    pub fn new(name: &str, kubelet: &str) -> Self {
        let scratch = Scratch::new(name);
        let label = format!("io.kmembuild.run={}", scratch.run);
        let words = [
            "run",
            "-d",
            "--name",
            &scratch.run,
            "--label",
            &label,
            "--network",
            "none",
        ];
        docker(&[&words[..], &[&debian_image(), "sleep", "600"]].concat());
        let node = Self { scratch };
        let files = Workplace::new();
        let root = files.path().join("root");
        let new = root.join("root/new");
        program(&root.join("usr/bin/runc"), "runc version 1.0.0-rc8", LOUD);
        program(&root.join(&OTHER_RUNC[1..]), "runc version 1.0.0-rc2", LOUD);
        program(
            &root.join("usr/bin/kubelet"),
            &format!("Kubernetes {kubelet}"),
            LOUD,
        );
        for (name, text) in [("systemctl", SYSTEMCTL), ("uname", UNAME)] {
            let path = root.join("usr/local/bin").join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(&path, text).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("changed");
        }
        let dist = files.path().join("dist");
        let runc = |version: &str| {
            let says = format!("runc version {}", &version[1..]);
            let folder = result(&dist, "runc", version, &says, QUIET);
            folder.display().to_string()
        };
        let (runc, newer) = (runc("v1.0.0-rc10"), runc("v1.0.0-rc92"));
        let kubelet = result(&dist, "kubelet", "v1.15.5", "Kubernetes v1.15.5", QUIET);
        let kubelet = kubelet.display().to_string();
        fs::create_dir_all(&new).expect("a folder");
        for (script, results) in [
            ("node.sh", [runc.as_str(), &kubelet].as_slice()),
            ("runc.sh", &[&runc]),
            ("kubelet.sh", &[&kubelet]),
            ("newer.sh", &[&newer]),
        ] {
            let script = new.join(script).display().to_string();
            files
                .run(&[&["node-script"], results, &["-o", &script]].concat())
                .code(0);
        }
        // One where it was published, one beside its script, and one for which its place is to be named.
        let newer = Path::new(&newer).join("runc");
        for (binary, place) in [
            (
                Path::new(&kubelet).join("kubelet"),
                "new/kubelet/v1.15.5/linux-amd64/kubelet",
            ),
            (Path::new(&runc).join("runc"), "new/runc"),
            (newer, "newer/runc"),
        ] {
            let place = root.join("root").join(place);
            fs::create_dir_all(place.parent().expect("a parent")).expect("a folder");
            fs::copy(binary, place).expect("copied");
        }
        node.copy(&root);
        // The disks of the whole machine are none of these tests'.
        node.well("printf '#!/bin/sh\\n[ $# -eq 0 ] || exec /bin/sync \"$@\"\\n' >/usr/local/bin/sync; chmod 755 /usr/local/bin/sync");
        node.well("mkdir -p /run/units /run/services; cd /run/services; touch kubelet.service docker.service docker.socket");
        node
    }

    fn copy(&self, root: &Path) {
        let archive = Command::new("tar")
            .args(["--owner=0", "--group=0", "-C"])
            .arg(root)
            .args(["-cf", "-", "."])
            .output();
        let archive = archive.expect("tar is there").stdout;
        let mut child = installed("docker")
            .args(["cp", "-", &format!("{}:/", self.scratch.run)])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("docker is there");
        std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), &archive)
            .expect("copied");
        assert!(child.wait().expect("it ends").success());
    }

    /// Runs a script of the shell on the node.
    pub fn run(&self, script: &str) -> Finished {
        let output = installed("docker")
            .args(["exec", &self.scratch.run, "sh", "-c", script])
            .output();
        output.expect("docker is there").into()
    }

    /// Runs one that must end well; what it printed.
    #[track_caller]
    pub fn well(&self, script: &str) -> String {
        self.run(script).code(0).stdout
    }

    /// Runs the script for nodes.
    pub fn script(&self, words: &str) -> Finished {
        self.run(&format!("sh /root/new/node.sh --no-trial {words}"))
    }

    /// Puts a program of the shell in the place of another that is found later.
    pub fn wrap(&self, tool: &str, script: &str) {
        let path = format!("/usr/local/sbin/{tool}");
        self.well(&format!(
            "cat >{path} <<'EOF'\n#!/bin/sh\n{script}\nEOF\nchmod 755 {path}"
        ));
    }

    /// What the binaries of the node say of themselves: runc, docker's runc, kubelet.
    pub fn versions(&self) -> String {
        self.well(&format!("runc; {OTHER_RUNC}; kubelet"))
            .replace('\n', "; ")
    }

    /// Waits until no script is at work any more, as after one whose terminal is gone.
    pub fn wait(&self) {
        self.well("flock /run/kmembuild-node.lock true");
    }

    /// What systemctl was told to do, and what it has been told is forgotten.
    pub fn calls(&self) -> String {
        let calls = self
            .well("cd /var/log; touch systemctl; grep -e '^start ' -e '^stop ' -e '^reboot' systemctl || :; : >systemctl");
        calls.replace('\n', "; ")
    }

    /// All files of the node that this could have changed, and what is in them.
    pub fn files(&self) -> String {
        self.well("find /usr/bin /usr/libexec /usr/local /var/lib /root /run/services -type f -exec sha256sum {} + | sort -k 2")
    }
}
