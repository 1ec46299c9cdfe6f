//! A yum repository over HTTP, used by the real dnf.

use std::fs;

use super::super::node::{Node, Said, run, try_run};
use super::super::rpms::node;
use super::shelf::{Shelf, with_a_changed_byte};
use crate::support::folder_server::FolderServer;

/// A node with the settings that the repository has for it.
struct Client {
    node: Node,
    key: String,
}

impl Client {
    fn new(shelf: &Shelf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let node = node(folder.path(), "");
        // Where Debian's rpm has its database when nobody says where it is.
        let database = run("rpm", &["--eval", "%{_dbpath}"]);
        let database = node.at(database.trim());
        fs::create_dir_all(database.parent().expect("a parent")).expect("a folder");
        if !database.exists() {
            fs::rename(node.at("/var/lib/rpm"), database).expect("moved");
        }
        let settings = fs::read_to_string(shelf.yum().join("kmembuild.repo")).expect("settings");
        for line in ["gpgcheck=1", "repo_gpgcheck=1", "enabled=1"] {
            assert!(settings.contains(&format!("\n{line}\n")), "{settings}");
        }
        node.write("/etc/yum.repos.d/kmembuild.repo", &settings);
        let key = fs::read_to_string(shelf.yum().join("packages.asc")).expect("a key");
        node.write("/etc/pki/rpm-gpg/RPM-GPG-KEY-kmembuild", &key);
        node.write("/etc/dnf/dnf.conf", "[main]\n");
        let key = node.at("/etc/pki/rpm-gpg/RPM-GPG-KEY-kmembuild");
        Self {
            key: format!("--setopt=kmembuild.gpgkey=file://{}", key.display()),
            node,
        }
    }

    /// Runs dnf with nothing in its cache.
    fn try_dnf(&self, words: &[&str]) -> Said {
        let _ = fs::remove_dir_all(self.node.at("/var/cache"));
        let root = format!("--installroot={}", self.node.root());
        let at = |option: &str, path: &str| format!("{option}{}", self.node.at(path).display());
        let cache = at("--setopt=cachedir=", "/var/cache/dnf");
        let config = at("--config=", "/etc/dnf/dnf.conf");
        let settings = at("--setopt=reposdir=", "/etc/yum.repos.d");
        let head = [
            "-y",
            "--noplugins",
            "--releasever=7",
            "--forcearch=x86_64",
            &cache,
            &root,
            &config,
            &settings,
            &self.key,
        ];
        try_run("dnf", &[&head[..], words].concat())
    }

    #[track_caller]
    fn dnf(&self, words: &[&str]) -> String {
        let said = self.try_dnf(words);
        assert!(said.well, "dnf {words:?} failed:\n{}", said.text);
        said.text
    }
}

#[test]
fn dnf_installs_upgrades_downgrades_and_removes() {
    let mut shelf = Shelf::new("rsa2048");
    let server = FolderServer::start(shelf.root());
    shelf.url = Some(server.url());
    let rc10 = shelf.pack("runc", "v1.0.0-rc10", "/bin/busybox");
    let rc93 = shelf.pack("runc", "v1.0.0-rc93", "/usr/bin/dpkg-deb");
    shelf.publish(&[&rc10]);
    let client = Client::new(&shelf);
    client.dnf(&["install", "runc"]);
    assert!(client.node.read("/usr/bin/runc") == rc10.program);
    shelf.publish(&[&rc93]);
    client.dnf(&["upgrade", "runc"]);
    assert!(client.node.read("/usr/bin/runc") == rc93.program);
    client.dnf(&["downgrade", "runc"]);
    assert!(client.node.read("/usr/bin/runc") == rc10.program);
    let listed = client.dnf(&["list", "--showduplicates", "runc"]);
    for version in ["1.0.0-1000.0.rc10.nokmem", "1.0.0-1000.0.rc93.nokmem"] {
        assert!(listed.contains(version), "{listed}");
    }
    client.dnf(&["remove", "runc"]);
    assert!(!client.node.has("/usr/bin/runc"));
    let provided = client.dnf(&["repoquery", "--whatprovides", "oci-runtime"]);
    assert!(
        provided.contains("runc-0:1.0.0-1000.0.rc93.nokmem.x86_64"),
        "{provided}"
    );
    let owner = client.dnf(&["repoquery", "--file", "/usr/lib/kmembuild/runc.files"]);
    assert!(owner.contains("runc-0:1.0.0"), "{owner}");
    assert_eq!(server.missing(), Vec::<String>::new());
}

#[test]
fn dnf_refuses_what_was_changed() {
    let mut shelf = Shelf::new("rsa2048");
    let server = FolderServer::start(shelf.root());
    shelf.url = Some(server.url());
    let rc10 = shelf.pack("runc", "v1.0.0-rc10", "/bin/busybox");
    shelf.publish(&[&rc10]);
    let client = Client::new(&shelf);
    let changed = [
        (shelf.only("yum", ".rpm"), "checksum"),
        (shelf.only("yum", "-primary.xml.gz"), "checksum"),
        (shelf.yum().join("repodata/repomd.xml"), "GPG"),
        (shelf.yum().join("repodata/repomd.xml.asc"), "GPG"),
    ];
    for (file, why) in changed {
        let said = with_a_changed_byte(&file, || client.try_dnf(&["install", "runc"]));
        let refused = !said.well && said.text.contains(why);
        assert!(refused, "{}:\n{}", file.display(), said.text);
        assert!(!client.node.has("/usr/bin/runc"), "{}", file.display());
    }
    // Signed by somebody else: first the metadata, then the packages as well.
    let other = Shelf::new("rsa2048");
    let theirs = other.pack("runc", "v1.0.0-rc10", "/bin/busybox");
    other.publish(&[&theirs]);
    let (ours, aside) = (shelf.yum().join("repodata"), shelf.root().join("aside"));
    fs::rename(&ours, &aside).expect("moved");
    let copied = try_run(
        "cp",
        &[
            "-a",
            &other.yum().join("repodata").display().to_string(),
            &ours.display().to_string(),
        ],
    );
    assert!(copied.well);
    let said = client.try_dnf(&["install", "runc"]);
    assert!(!said.well && said.text.contains("GPG"), "{}", said.text);
    fs::remove_dir_all(&ours).expect("removed");
    fs::rename(&aside, &ours).expect("moved");
    client.dnf(&["install", "runc"]);
    assert!(client.node.read("/usr/bin/runc") == rc10.program);
}
