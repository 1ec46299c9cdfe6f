//! The runc of a host by its processes and by the configuration of its runtimes.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use kmembuild::host::doctor::RuntimePlaces;
use tempfile::TempDir;

/// A host with a /proc of plain files.
struct Host {
    folder: TempDir,
}

impl Host {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["proc", "root", "elsewhere"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    /// A process whose root directory is that one.
    fn process(&self, number: u32, name: &str, words: &[&str], path: &str, root: &str) {
        let at = |file: &str| format!("proc/{number}/{file}");
        self.write(&at("comm"), &format!("{name}\n"));
        self.write(&at("cmdline"), &format!("{}\0", words.join("\0")));
        self.write(&at("environ"), &format!("HOME=/root\0PATH={path}\0"));
        symlink(words[0], self.path(&at("exe"))).expect("a link");
        symlink(self.path(root), self.path(&at("root"))).expect("a link");
    }

    fn read(&self) -> (Vec<String>, Vec<String>) {
        let places = RuntimePlaces::read(&self.path("proc"), &self.path("root"));
        let texts = |paths: std::collections::BTreeSet<PathBuf>| {
            let paths = paths.into_iter();
            paths.map(|path| path.display().to_string()).collect()
        };
        (texts(places.directories), texts(places.programs))
    }
}

#[test]
fn processes_tell_where_their_runc_is() {
    let host = Host::new();
    let kubeasz = "/opt/kube/bin:/usr/bin";
    host.process(
        10,
        "containerd",
        &["/opt/kube/bin/containerd"],
        kubeasz,
        "root",
    );
    let words = [
        "/srv/dockerd",
        "--add-runtime",
        "a=/srv/a/runc",
        "--add-runtime=b=/srv/b/special",
        "--config-file=/none",
    ];
    host.process(11, "dockerd", &words, "relative:/srv/bin", "root");
    let words = [
        "/usr/bin/docker-containerd-shim-current",
        "0af5",
        "/var/run/docker/0af5",
        "/usr/libexec/docker/docker-runc-current",
    ];
    host.process(12, "docker-containe", &words, "/usr/bin", "root");
    host.process(
        13,
        "conmon",
        &["/usr/bin/conmon", "-c", "0af5", "-r", "/srv/c/crun"],
        "/bin",
        "root",
    );
    // One in a container, one that only sounds so, and something that is no process.
    host.process(
        14,
        "containerd",
        &["/inner/containerd"],
        "/inner",
        "elsewhere",
    );
    host.process(15, "crio-lookalike", &["/wrong/crio"], "/wrong", "root");
    host.write("proc/self/comm", "containerd\n");
    let (directories, programs) = host.read();
    let expected = ["/bin", "/opt/kube/bin", "/srv", "/srv/bin", "/usr/bin"];
    assert_eq!(directories, expected);
    let expected = [
        "/srv/a/runc",
        "/srv/b/special",
        "/srv/c/crun",
        "/usr/libexec/docker/docker-runc-current",
    ];
    assert_eq!(programs, expected);
}

#[test]
fn configuration_tells_which_runc_is_used() {
    let host = Host::new();
    host.write(
        "root/etc/containerd/config.toml",
        "version = 2\n[plugins.x.options]\n  BinaryName = \"/srv/containerd/runc\"\n# BinaryName = \"/srv/none\"\n  Other = \"/srv/none\"\n",
    );
    host.write("root/etc/crio/crio.conf", "runtime_path = \"\"\n");
    host.write(
        "root/etc/crio/crio.conf.d/10.conf",
        "runtime_path = '/srv/crio/runc'\n",
    );
    host.write(
        "root/etc/docker/daemon.json",
        "{\"runtimes\": {\"a\": {\"path\": \"runc-of-docker\"}, \"b\":{\"path\":\"relative/runc\"}}}",
    );
    // Named by a process, and in one line.
    let config = host.path("own.toml");
    host.write("own.toml", "options = { BinaryName = \"/srv/own/runc\" }\n");
    let words = [
        "/usr/bin/containerd",
        "--config",
        config.to_str().expect("text"),
    ];
    host.process(10, "containerd", &words, "/usr/bin", "root");
    let (_, programs) = host.read();
    let expected = [
        "/srv/containerd/runc",
        "/srv/crio/runc",
        "/srv/own/runc",
        "runc-of-docker",
    ];
    assert_eq!(programs, expected);
    // A name is looked for in all directories; what cannot be run is no runtime.
    host.write("bin/runc-of-docker", "");
    let places = RuntimePlaces::read(&host.path("proc"), &host.path("root"));
    assert_eq!(
        places.candidates(&[host.path("bin")]),
        Vec::<PathBuf>::new()
    );
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(host.path("bin/runc-of-docker"), mode).expect("a mode");
    let found = places.candidates(&[host.path("bin"), host.path("none")]);
    assert_eq!(found, [host.path("bin/runc-of-docker")]);
}

#[test]
fn a_host_without_any_of_it_has_none() {
    let host = Host::new();
    assert_eq!(host.read(), (Vec::new(), Vec::new()));
    let none = RuntimePlaces::read(Path::new("/nowhere"), Path::new("/nowhere"));
    assert_eq!(none, RuntimePlaces::default());
    // Something that would be waited for, and something that never ends.
    let fifo = host.path("root/etc/docker/daemon.json");
    fs::create_dir_all(fifo.parent().expect("a parent")).expect("a folder");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.expect("mkfifo").success());
    host.write("root/etc/containerd/none", "");
    symlink("/dev/zero", host.path("root/etc/containerd/config.toml")).expect("a link");
    assert_eq!(host.read(), (Vec::new(), Vec::new()));
}
