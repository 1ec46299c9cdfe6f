//! An apt repository over HTTP, used by the real apt.

use std::fs;

use super::super::debs::node;
use super::super::node::{Node, Said, run, try_run};
use super::shelf::{Shelf, with_a_changed_byte};
use crate::support::folder_server::FolderServer;

/// A node with the settings that the repository has for it.
struct Client {
    node: Node,
}

impl Client {
    fn new(shelf: &Shelf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let node = node(folder.path(), &[]);
        let settings = fs::read_to_string(shelf.apt().join("kmembuild.sources")).expect("settings");
        let key = "/usr/share/keyrings/kmembuild.asc";
        assert!(
            settings.contains(&format!("\nSigned-By: {key}\n")),
            "{settings}"
        );
        // apt works on the node from outside.
        let settings = settings.replace(key, &node.at(key).display().to_string());
        node.write("/etc/apt/sources.list.d/kmembuild.sources", &settings);
        let public = fs::read_to_string(shelf.apt().join("packages.asc")).expect("a key");
        node.write(key, &public);
        for path in [
            "/var/lib/apt/lists/partial",
            "/var/cache/apt/archives/partial",
            "/var/log/apt",
            "/etc/apt/preferences.d",
        ] {
            fs::create_dir_all(node.at(path)).expect("a folder");
        }
        Self { node }
    }

    fn try_apt(&self, words: &[&str]) -> Said {
        let root = self.node.root();
        let options = [
            format!("Dir={root}"),
            format!("Dir::State::status={root}/var/lib/dpkg/status"),
            "Dir::Bin::dpkg=/usr/bin/dpkg".to_owned(),
            "Dir::Bin::methods=/usr/lib/apt/methods".to_owned(),
            "Dir::Bin::apt-key=/usr/bin/apt-key".to_owned(),
            format!("DPkg::Options::=--root={root}"),
            "DPkg::Options::=--force-not-root".to_owned(),
            "DPkg::Options::=--no-debsig".to_owned(),
            "APT::Architecture=amd64".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
        ];
        let options: Vec<_> = options.iter().flat_map(|option| ["-o", option]).collect();
        try_run("apt-get", &[&["-y", "-q"], &options[..], words].concat())
    }

    #[track_caller]
    fn apt(&self, words: &[&str]) -> String {
        let said = self.try_apt(words);
        assert!(said.well, "apt-get {words:?} failed:\n{}", said.text);
        said.text
    }

    /// Forgets what it knows of the repository.
    fn forget(&self) {
        for path in ["/var/lib/apt/lists", "/var/cache/apt/archives"] {
            fs::remove_dir_all(self.node.at(path)).expect("removed");
            fs::create_dir_all(self.node.at(&format!("{path}/partial"))).expect("a folder");
        }
    }
}

#[test]
fn apt_installs_upgrades_downgrades_and_removes() {
    for kind in ["rsa2048", "ed25519"] {
        let mut shelf = Shelf::new(kind);
        let server = FolderServer::start(shelf.root());
        shelf.url = Some(server.url());
        let rc10 = shelf.pack("runc", "v1.0.0-rc10", "/bin/busybox");
        let rc93 = shelf.pack("runc", "v1.0.0-rc93", "/usr/bin/dpkg-deb");
        let publish = |packed| {
            let mut order = shelf.order(&[packed]);
            order.yum = None;
            kmembuild::delivery::repositories::publish_repositories(&order).expect("made");
        };
        publish(&rc10);
        let client = Client::new(&shelf);
        let said = client.apt(&["update"]);
        assert!(!said.contains("W:"), "{said}");
        client.apt(&["install", "runc"]);
        assert!(client.node.read("/usr/bin/runc") == rc10.program);
        publish(&rc93);
        client.apt(&["update"]);
        client.apt(&["upgrade"]);
        assert!(client.node.read("/usr/bin/runc") == rc93.program);
        let old = "runc=1.0.0~rc10+nokmem-1000";
        client.apt(&["install", "--allow-downgrades", old]);
        assert!(client.node.read("/usr/bin/runc") == rc10.program);
        client.apt(&["remove", "runc"]);
        assert!(!client.node.has("/usr/bin/runc"));
        assert_eq!(server.missing(), Vec::<String>::new());
        let checked = run(
            "gpgv",
            &[
                "--keyring",
                &dearmored(&shelf),
                &shelf
                    .apt()
                    .join("dists/stable/Release.gpg")
                    .display()
                    .to_string(),
                &shelf
                    .apt()
                    .join("dists/stable/Release")
                    .display()
                    .to_string(),
            ],
        );
        assert!(checked.contains("Good signature"), "{checked}");
    }
}

/// The public key as gpgv reads it.
fn dearmored(shelf: &Shelf) -> String {
    let path = shelf.made.path().join("public.gpg").display().to_string();
    shelf.made.gpg(&["-o", &path, "--export"]);
    path
}

#[test]
fn apt_refuses_what_was_changed() {
    let mut shelf = Shelf::new("rsa2048");
    let server = FolderServer::start(shelf.root());
    shelf.url = Some(server.url());
    let rc10 = shelf.pack("runc", "v1.0.0-rc10", "/bin/busybox");
    shelf.publish(&[&rc10]);
    let client = Client::new(&shelf);
    let try_install = || {
        client.forget();
        let updated = client.try_apt(&["-o", "APT::Update::Error-Mode=any", "update"]);
        let installed = client.try_apt(&["install", "runc"]);
        assert!(
            !client.node.has("/usr/bin/runc"),
            "{}\n{}",
            updated.text,
            installed.text
        );
        (updated, installed)
    };
    let dists = shelf.apt().join("dists/stable");
    let (updated, installed) = with_a_changed_byte(&dists.join("InRelease"), try_install);
    assert!(!updated.well && !installed.well, "{}", updated.text);
    let list = fs::read(dists.join("main/binary-amd64/Packages.gz")).expect("a list");
    let by_hash = dists.join("main/binary-amd64/by-hash/SHA256");
    let by_hash = by_hash.join(kmembuild::checksum::sha256_hex(&list));
    let (updated, installed) = with_a_changed_byte(&by_hash, try_install);
    assert!(!updated.well && !installed.well, "{}", updated.text);
    let (updated, installed) = with_a_changed_byte(&shelf.only("apt/pool", ".deb"), try_install);
    assert!(updated.well && !installed.well, "{}", installed.text);
    // Signed by somebody else.
    let other = Shelf::new("rsa2048");
    let theirs = other.pack("runc", "v1.0.0-rc10", "/bin/busybox");
    other.publish(&[&theirs]);
    let ours = fs::read(dists.join("InRelease")).expect("a release");
    fs::copy(
        other.apt().join("dists/stable/InRelease"),
        dists.join("InRelease"),
    )
    .expect("copied");
    let (updated, installed) = try_install();
    assert!(!updated.well && !installed.well, "{}", updated.text);
    fs::write(dists.join("InRelease"), ours).expect("restored");
    client.forget();
    client.apt(&["update"]);
    client.apt(&["install", "runc"]);
    assert!(client.node.read("/usr/bin/runc") == rc10.program);
}
