//! Life with an rpm on a node, by the real rpm.

use std::fs;
use std::path::Path;

use kmembuild::delivery::packaging::{PackageFormat, RpmCompression};

use super::node::{Node, Said, run, try_run};
use super::result::Published;

/// What is kept of the runc before.
pub(super) const KEPT: &str = "/usr/lib/kmembuild/previous/runc/usr/bin/runc";

/// What is given to the rpm of this machine to work on a node.
pub(super) fn for_node(node: &Node) -> Vec<String> {
    let root = node.root();
    // Without asking for the system's own policies on signatures and users.
    ["--root", &root, "--dbpath", "/var/lib/rpm", "--noplugins"]
        .map(str::to_owned)
        .to_vec()
}

fn try_rpm(node: &Node, arguments: &[&str]) -> Said {
    let head = for_node(node);
    let head: Vec<_> = head.iter().map(String::as_str).collect();
    let mut said = try_run("rpm", &[&head, arguments].concat());
    // Debian's says that its packages are of another kind.
    let lines = said.text.lines();
    let lines = lines.filter(|line| !line.starts_with("rpm: "));
    said.text = lines.map(|line| format!("{line}\n")).collect();
    said
}

#[track_caller]
pub(super) fn rpm(node: &Node, arguments: &[&str]) -> String {
    let said = try_rpm(node, arguments);
    assert!(said.well, "rpm {arguments:?} failed:\n{}", said.text);
    said.text
}

/// Builds a package by the real rpmbuild from the lines of a spec file.
fn rpmbuild(folder: &Path, name: &str, spec: &str) -> String {
    let file = folder.join(format!("{name}.spec"));
    fs::write(&file, spec).expect("a spec file");
    let top = format!("_topdir {}", folder.display());
    let file = file.display().to_string();
    run(
        "rpmbuild",
        &[
            "-bb",
            "--quiet",
            "--target",
            "x86_64",
            "--define",
            &top,
            "--define",
            "_build_id_links none",
            &file,
        ],
    );
    let folder = folder.join("RPMS/x86_64").display().to_string();
    let found = run("find", &[&folder, "-name", &format!("{name}-[0-9]*.rpm")]);
    assert_eq!(found.lines().count(), 1, "{found}");
    found.trim().to_owned()
}

/// A node with an installed package that stands for the rest of the distribution.
pub(super) fn node(folder: &Path, further: &str) -> Node {
    let node = Node::new();
    let base = rpmbuild(
        folder,
        "base",
        &format!(
            "Name: base\nVersion: 1\nRelease: 1\nSummary: base\nLicense: MIT\nProvides: /bin/sh coreutils grep {further}\n%description\nbase\n%files\n"
        ),
    );
    rpm(&node, &["-i", &base]);
    node
}

pub(super) fn distributions_runc(folder: &Path) -> String {
    rpmbuild(
        folder,
        "runc",
        "Name: runc\nVersion: 1.0.0\nRelease: 69.rc10.el7_9\nSummary: old\nLicense: MIT\n\
         %description\nold\n%install\nmkdir -p %{buildroot}/usr/bin\necho the old runc >%{buildroot}/usr/bin/runc\n\
         %files\n%attr(0750,root,root) /usr/bin/runc\n",
    )
}

pub(super) fn ours(version: &str) -> (Published, String, Vec<u8>) {
    let program = if version == "v1.0.0-rc10" {
        "/bin/busybox"
    } else {
        "/usr/bin/dpkg-deb"
    };
    let mut published = Published::new("runc", version, "runc", program);
    // A runc is static.
    published.manifest.files[0].findings.glibc = None;
    let path = published.package(PackageFormat::Rpm).display().to_string();
    (published, path, fs::read(program).expect("a program"))
}

#[test]
fn it_says_what_it_is_and_asks_for_nothing_that_an_old_rpm_lacks() {
    let (_published, path, _) = ours("v1.0.0-rc10");
    assert!(path.ends_with("/runc-1.0.0-1000.0.rc10.nokmem.x86_64.rpm"));
    let said = run("rpm", &["--checksig", "-v", &path]);
    for digest in [
        "Header SHA256 digest: OK",
        "Header SHA1 digest: OK",
        "Payload SHA256 digest: OK",
    ] {
        assert!(said.contains(digest), "{said}");
    }
    let query = |format: &str| run("rpm", &["-qp", "--qf", format, &path]);
    assert_eq!(
        query(
            "%{NAME} %{VERSION} %{RELEASE} %{ARCH} %{LICENSE} %{OS} %{BUILDTIME} %{BUILDHOST} %{VENDOR} %{PACKAGER}"
        ),
        "runc 1.0.0 1000.0.rc10.nokmem x86_64 Apache-2.0 linux 1577100000 localhost (none) (none)"
    );
    assert_eq!(
        query("%{PAYLOADFORMAT} %{PAYLOADCOMPRESSOR} %{PAYLOADFLAGS}"),
        "cpio gzip 6"
    );
    assert!(
        query("%{DESCRIPTION}")
            .contains("v1.0.0-rc10, commit dc9208a3303feef5b3839f4323d9beb36df0a9dd")
    );
    // All of these are in rpm 4.11, which CentOS 7 has.
    let requires = run("rpm", &["-qp", "--requires", &path]);
    let features: Vec<_> = requires
        .lines()
        .filter(|line| line.starts_with("rpmlib("))
        .collect();
    assert_eq!(
        features,
        [
            "rpmlib(CompressedFileNames) <= 3.0.4-1",
            "rpmlib(FileDigests) <= 4.6.0-1",
            "rpmlib(PayloadFilesHavePrefix) <= 4.0-1",
        ]
    );
    // 32-bit sizes: those of large files are read from rpm 4.12 on.
    assert_ne!(query("%{SIZE}"), "(none)");
    let files =
        query("[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILEMTIMES} %{FILENAMES}\n]");
    assert_eq!(
        files,
        "-rwxr-xr-x root root 1577100000 /usr/bin/runc\n-rw-r--r-- root root 1577100000 /usr/lib/kmembuild/runc.files\n"
    );
    assert!(run("rpm", &["-qp", "--provides", &path]).contains("oci-runtime\n"));
}

#[test]
fn the_distributions_file_is_kept_and_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = node(folder.path(), "");
    let theirs = distributions_runc(folder.path());
    let (_rc10, rc10, rc10_bytes) = ours("v1.0.0-rc10");
    let (_rc93, rc93, rc93_bytes) = ours("v1.0.0-rc93");
    rpm(&node, &["-i", &theirs]);

    let said = rpm(&node, &["-U", &rc10]);
    assert!(
        said.contains(&format!(
            "runc: replacing /usr/bin/runc; the previous file is kept as {KEPT}"
        )),
        "{said}"
    );
    assert_eq!(node.read("/usr/bin/runc"), rc10_bytes);
    assert_eq!(node.read(KEPT), b"the old runc\n");
    assert_eq!(node.mode(KEPT), 0o750);
    assert_eq!(rpm(&node, &["-V", "runc"]), "");
    assert_eq!(
        rpm(&node, &["-q", "runc"]).trim(),
        "runc-1.0.0-1000.0.rc10.nokmem.x86_64"
    );

    // Ours over ours: what is kept stays the distribution's.
    assert_eq!(rpm(&node, &["-U", &rc93]), "");
    assert_eq!(node.read("/usr/bin/runc"), rc93_bytes);
    assert_eq!(node.read(KEPT), b"the old runc\n");
    let older = try_rpm(&node, &["-U", &theirs]);
    assert!(
        !older.well && older.text.contains("is already installed"),
        "{}",
        older.text
    );

    let said = rpm(&node, &["-e", "runc"]);
    assert!(said.contains("runc: restored /usr/bin/runc"), "{said}");
    assert_eq!(node.read("/usr/bin/runc"), b"the old runc\n");
    assert_eq!(node.mode("/usr/bin/runc"), 0o750);
    // rpm would remove what was restored if this removal began anew.
    assert_eq!(node.read(KEPT), b"the old runc\n");

    // The next life of the package begins with what is there then.
    node.write("/usr/bin/runc", "the distribution's next");
    rpm(&node, &["-i", &rc10]);
    assert_eq!(node.read(KEPT), b"the distribution's next");
    rpm(&node, &["-e", "runc"]);
    assert_eq!(node.read("/usr/bin/runc"), b"the distribution's next");
}

#[test]
fn going_back_to_the_distributions_package_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = node(folder.path(), "");
    let theirs = distributions_runc(folder.path());
    let (_rc10, rc10, _) = ours("v1.0.0-rc10");
    rpm(&node, &["-i", &theirs]);
    rpm(&node, &["-U", &rc10]);
    rpm(&node, &["-U", "--oldpackage", &theirs]);
    assert_eq!(node.read("/usr/bin/runc"), b"the old runc\n");
    assert_eq!(node.files_below("/usr/lib/kmembuild"), [""; 0]);
    // And over again.
    rpm(&node, &["-U", &rc10]);
    assert_eq!(node.read(KEPT), b"the old runc\n");
}

#[test]
fn a_file_of_no_package_is_kept_too_and_a_node_without_one_is_left_without() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_rc10, rc10, _) = ours("v1.0.0-rc10");
    let by_hand = node(folder.path(), "");
    by_hand.write("/usr/bin/runc", "by hand");
    rpm(&by_hand, &["-i", &rc10]);
    rpm(&by_hand, &["-e", "runc"]);
    assert_eq!(by_hand.read("/usr/bin/runc"), b"by hand");

    let empty = node(tempfile::tempdir().expect("a folder").path(), "");
    assert_eq!(rpm(&empty, &["-i", &rc10]), "");
    assert_eq!(rpm(&empty, &["-e", "runc"]), "");
    assert!(!empty.has("/usr/bin/runc"));
    assert!(!empty.has("/usr/lib/kmembuild"));
}

#[test]
fn kubelet_asks_for_what_it_runs_and_leaves_changed_settings_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let published = Published::new("kubelet", "v1.15.5", "kubelet", "/usr/bin/dpkg-deb");
    let path = published.package(PackageFormat::Rpm).display().to_string();
    assert!(path.ends_with("/kubelet-1.15.5-1000.1.nokmem.x86_64.rpm"));
    let glibc = published.manifest.files[0]
        .findings
        .glibc
        .expect("a dynamic program");
    let libc = format!("libc.so.6(GLIBC_{glibc})(64bit)");
    let bare = node(folder.path(), "");
    let said = try_rpm(&bare, &["-i", &path]);
    assert!(!said.well);
    for needed in [
        "conntrack",
        "ebtables",
        "ethtool",
        "iproute",
        "iptables >= 1.4.21",
        "kubernetes-cni",
        "socat",
        "util-linux",
        &libc,
    ] {
        assert!(
            said.text
                .contains(&format!("{needed} is needed by kubelet")),
            "{needed}: {}",
            said.text
        );
    }

    let all = "conntrack ebtables ethtool iproute kubernetes-cni socat util-linux";
    let node = node(
        tempfile::tempdir().expect("a folder").path(),
        &format!("iptables = 1.4.21 {all} {libc}"),
    );
    let said = rpm(&node, &["-i", &path]);
    assert!(
        said.contains(
            "kubelet.service was not restarted; to restart it: systemctl restart kubelet.service"
        ),
        "{said}"
    );
    assert!(node.at("/etc/kubernetes/manifests").is_dir());
    assert_eq!(
        rpm(&node, &["-qc", "kubelet"]).trim(),
        "/etc/sysconfig/kubelet"
    );
    node.write("/etc/sysconfig/kubelet", "KUBELET_EXTRA_ARGS=--v=4\n");
    let next = Published::new("kubelet", "v1.15.6", "kubelet", "/usr/bin/dpkg-deb");
    let next = {
        let mut next = next;
        let settings = next.package.files.iter_mut();
        for file in settings.filter(|file| file.config) {
            file.text = Some("KUBELET_EXTRA_ARGS=--new\n".to_owned());
        }
        next
    };
    let path = next.package(PackageFormat::Rpm).display().to_string();
    rpm(&node, &["-U", &path]);
    assert_eq!(
        node.read("/etc/sysconfig/kubelet"),
        b"KUBELET_EXTRA_ARGS=--v=4\n"
    );
    assert_eq!(
        node.read("/etc/sysconfig/kubelet.rpmnew"),
        b"KUBELET_EXTRA_ARGS=--new\n"
    );
}

#[test]
fn zstd_is_for_those_who_ask_for_it_and_gives_the_same_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut published = Published::new("runc", "v1.0.0-rc10", "runc", "/bin/busybox");
    published.manifest.files[0].findings.glibc = None;
    let query = "%{PAYLOADCOMPRESSOR} %{PAYLOADFLAGS} %{SIZE}[ %{FILESIZES}][ %{FILEDIGESTS}]\n";
    let describe = |path: &str| run("rpm", &["-qp", "--qf", query, path]);
    let path = published.package(PackageFormat::Rpm).display().to_string();
    let with_gzip = describe(&path);
    assert!(with_gzip.starts_with("gzip 6 "), "{with_gzip}");
    let features = run("rpm", &["-qp", "--requires", &path]);
    assert!(!features.contains("Zstd"), "{features}");

    published.package.rpm_compression = RpmCompression::Zstd;
    let path = published.package(PackageFormat::Rpm).display().to_string();
    assert_eq!(describe(&path), with_gzip.replacen("gzip 6", "zstd 9", 1));
    let features = run("rpm", &["-qp", "--requires", &path]);
    assert!(
        features.contains("rpmlib(PayloadIsZstd) <= 5.4.18-1\n"),
        "{features}"
    );
    let checked = run("rpm", &["-Kv", &path]);
    assert!(checked.contains("Payload SHA256 digest: OK"), "{checked}");
    let node = node(folder.path(), "");
    rpm(&node, &["-i", &path]);
    let busybox = fs::read("/bin/busybox").expect("busybox");
    assert_eq!(node.read("/usr/bin/runc"), busybox);
    assert_eq!(rpm(&node, &["-V", "runc"]), "");
}
