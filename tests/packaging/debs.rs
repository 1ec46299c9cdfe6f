//! Life with a deb on a node, by the real dpkg.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use kmembuild::delivery::packaging::PackageFormat;

use super::node::{Node, Said, run, try_run};
use super::result::Published;

/// What is kept of the runc before.
pub(super) const KEPT: &str = "/usr/lib/kmembuild/previous/runc/usr/sbin/runc";

/// What is given to the dpkg of this machine to work on a node.
pub(super) fn for_node(node: &Node) -> Vec<String> {
    let root = format!("--root={}", node.root());
    [&root, "--force-not-root", "--no-debsig"]
        .map(str::to_owned)
        .to_vec()
}

fn try_dpkg(node: &Node, arguments: &[&str]) -> Said {
    let head = for_node(node);
    let head: Vec<_> = head.iter().map(String::as_str).collect();
    try_run("dpkg", &[&head, arguments].concat())
}

#[track_caller]
pub(super) fn dpkg(node: &Node, arguments: &[&str]) -> String {
    let said = try_dpkg(node, arguments);
    assert!(said.well, "dpkg {arguments:?} failed:\n{}", said.text);
    said.text
}

/// Builds a package by the real dpkg-deb of the files below `folder/NAME`.
fn dpkg_deb(folder: &Path, name: &str, fields: &str) -> String {
    let tree = folder.join(name);
    fs::create_dir_all(tree.join("DEBIAN")).expect("a folder");
    let control = format!(
        "Package: {name}\nArchitecture: amd64\nMaintainer: x <x@localhost>\nDescription: x\n{fields}\n"
    );
    fs::write(tree.join("DEBIAN/control"), control).expect("a control file");
    let path = folder.join(format!("{name}.deb")).display().to_string();
    run(
        "dpkg-deb",
        &[
            "--root-owner-group",
            "-b",
            &tree.display().to_string(),
            &path,
        ],
    );
    path
}

pub(super) fn node(folder: &Path, further: &[&str]) -> Node {
    let node = Node::new();
    for path in [
        "/var/lib/dpkg/info",
        "/var/lib/dpkg/updates",
        "/var/lib/dpkg/triggers",
    ] {
        fs::create_dir_all(node.at(path)).expect("a folder");
    }
    node.write("/var/lib/dpkg/status", "");
    for package in further {
        let (name, version) = package.split_once(' ').unwrap_or((package, "1"));
        let path = dpkg_deb(folder, name, &format!("Version: {version}"));
        dpkg(&node, &["-i", &path]);
    }
    node
}

/// As Debian has it: below sbin, with a link.
pub(super) fn distributions_runc(folder: &Path) -> String {
    for path in ["runc/usr/sbin", "runc/usr/bin"] {
        fs::create_dir_all(folder.join(path)).expect("a folder");
    }
    let program = folder.join("runc/usr/sbin/runc");
    fs::write(&program, "the old runc\n").expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o750)).expect("a mode");
    symlink("../sbin/runc", folder.join("runc/usr/bin/runc")).expect("a link");
    dpkg_deb(folder, "runc", "Version: 1.0.0~rc93+ds1-5+deb11u5")
}

pub(super) fn ours(version: &str) -> (Published, String, Vec<u8>) {
    let program = if version == "v1.0.0-rc93" {
        "/bin/busybox"
    } else {
        "/usr/bin/dpkg-deb"
    };
    let mut published = Published::new("runc", version, "runc", program);
    // A runc is static.
    published.manifest.files[0].findings.glibc = None;
    let path = published.package(PackageFormat::Deb).display().to_string();
    (published, path, fs::read(program).expect("a program"))
}

#[test]
fn it_says_what_it_is_in_a_form_that_old_dpkgs_read() {
    let (_published, path, _) = ours("v1.0.0-rc93");
    assert!(path.ends_with("/runc_1.0.0~rc93+nokmem-1000_amd64.deb"));
    assert_eq!(
        run("ar", &["t", &path]),
        "debian-binary\ncontrol.tar.gz\ndata.tar.gz\n"
    );
    let said = run("dpkg-deb", &["-I", &path]);
    for field in [
        " Package: runc\n Version: 1.0.0~rc93+nokmem-1000\n Architecture: amd64\n",
        " Section: admin\n Priority: optional\n Homepage: https://github.com/opencontainers/runc\n",
        " Description: Open container runtime, without kernel-memory accounting\n",
        "\n  .\n  Built from v1.0.0-rc93, commit dc9208a3303feef5b3839f4323d9beb36df0a9dd.\n",
    ] {
        assert!(said.contains(field), "{field}\n{said}");
    }
    assert!(!said.contains("Depends:"), "{said}");
    let files = run("dpkg-deb", &["-c", &path]);
    let files: Vec<_> = files
        .lines()
        .map(|line| {
            line.split_whitespace()
                .filter(|word| word.parse::<u64>().is_err())
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert_eq!(
        files,
        [
            "drwxr-xr-x root/root 2019-12-23 11:20 ./",
            "drwxr-xr-x root/root 2019-12-23 11:20 ./usr/",
            "drwxr-xr-x root/root 2019-12-23 11:20 ./usr/bin/",
            "lrwxrwxrwx root/root 2019-12-23 11:20 ./usr/bin/runc -> ../sbin/runc",
            "drwxr-xr-x root/root 2019-12-23 11:20 ./usr/lib/",
            "drwxr-xr-x root/root 2019-12-23 11:20 ./usr/lib/kmembuild/",
            "-rw-r--r-- root/root 2019-12-23 11:20 ./usr/lib/kmembuild/runc.files",
            "drwxr-xr-x root/root 2019-12-23 11:20 ./usr/sbin/",
            "-rwxr-xr-x root/root 2019-12-23 11:20 ./usr/sbin/runc",
        ]
    );
}

#[test]
fn the_distributions_files_are_kept_and_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = node(folder.path(), &[]);
    let theirs = distributions_runc(folder.path());
    let (_rc93, rc93, rc93_bytes) = ours("v1.0.0-rc93");
    let (_next, next, next_bytes) = ours("v1.0.0");
    dpkg(&node, &["-i", &theirs]);
    let said = dpkg(&node, &["-i", &rc93]);
    assert!(
        said.contains(&format!(
            "runc: replacing /usr/sbin/runc; the previous file is kept as {KEPT}"
        )),
        "{said}"
    );
    assert_eq!(node.read("/usr/bin/runc"), rc93_bytes);
    assert_eq!(node.read(KEPT), b"the old runc\n");
    assert_eq!(node.mode(KEPT), 0o750);
    assert_eq!(dpkg(&node, &["--verify", "runc"]), "");

    // Ours over ours: what is kept stays the distribution's.
    let said = dpkg(&node, &["-i", &next]);
    assert!(!said.contains("replacing"), "{said}");
    assert_eq!(node.read("/usr/sbin/runc"), next_bytes);
    assert_eq!(node.read(KEPT), b"the old runc\n");

    let said = dpkg(&node, &["-r", "runc"]);
    assert!(said.contains("runc: restored /usr/sbin/runc"), "{said}");
    assert_eq!(node.read("/usr/bin/runc"), b"the old runc\n");
    assert_eq!(node.mode("/usr/sbin/runc"), 0o750);
    assert!(!node.has("/usr/lib/kmembuild"));
    dpkg(&node, &["-P", "runc"]);
    assert_eq!(node.read("/usr/bin/runc"), b"the old runc\n");
}

#[test]
fn going_back_to_the_distributions_package_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = node(folder.path(), &[]);
    let theirs = distributions_runc(folder.path());
    let (_rc93, rc93, _) = ours("v1.0.0-rc93");
    dpkg(&node, &["-i", &theirs]);
    dpkg(&node, &["-i", &rc93]);
    dpkg(&node, &["--force-downgrade", "-i", &theirs]);
    assert_eq!(node.read("/usr/bin/runc"), b"the old runc\n");
    assert_eq!(node.files_below("/usr/lib/kmembuild"), [""; 0]);
    dpkg(&node, &["-i", &rc93]);
    assert_eq!(node.read(KEPT), b"the old runc\n");
}

#[test]
fn kubelet_asks_for_what_it_runs_and_leaves_changed_settings_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let published = Published::new("kubelet", "v1.15.5", "kubelet", "/usr/bin/dpkg-deb");
    let path = published.package(PackageFormat::Deb).display().to_string();
    let glibc = published.manifest.files[0]
        .findings
        .glibc
        .expect("a dynamic program");
    let fields = run("dpkg-deb", &["-f", &path, "Version", "Depends"]);
    assert_eq!(
        fields,
        format!(
            "Version: 1.15.5+nokmem-1000\nDepends: libc6 (>= {glibc}), conntrack, ebtables, ethtool, iproute2, iptables (>= 1.4.21), kubernetes-cni, mount, socat, util-linux\n"
        )
    );
    let libc = format!("libc6 {glibc}");
    let all = [
        &libc,
        "conntrack",
        "ebtables",
        "ethtool",
        "iproute2",
        "iptables 1.4.21-1",
        "kubernetes-cni",
        "mount",
        "socat",
    ];
    let node = node(folder.path(), &all);
    let said = try_dpkg(&node, &["-i", &path]);
    assert!(
        !said.well && said.text.contains("util-linux"),
        "{}",
        said.text
    );
    let last = dpkg_deb(folder.path(), "util-linux", "Version: 1");
    let said = dpkg(&node, &["-i", &last, &path]);
    assert!(
        said.contains("kubelet: kubelet.service was not restarted"),
        "{said}"
    );
    assert!(node.at("/etc/kubernetes/manifests").is_dir());
    assert!(node.has("/lib/systemd/system/kubelet.service"));
    node.write("/etc/default/kubelet", "KUBELET_EXTRA_ARGS=--v=4\n");
    let mut next = Published::new("kubelet", "v1.15.6", "kubelet", "/usr/bin/dpkg-deb");
    for file in next.package.files.iter_mut().filter(|file| file.config) {
        file.text = Some("KUBELET_EXTRA_ARGS=--new\n".to_owned());
    }
    let path = next.package(PackageFormat::Deb).display().to_string();
    // What dpkg does on a node where nobody is asked.
    dpkg(&node, &["--force-confdef", "--force-confold", "-i", &path]);
    assert_eq!(
        node.read("/etc/default/kubelet"),
        b"KUBELET_EXTRA_ARGS=--v=4\n"
    );
    dpkg(&node, &["-r", "kubelet"]);
    assert!(node.has("/etc/default/kubelet"));
}
