//! The disk of the machines, and the state of one that has started. Both are made once and kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use sha2::{Digest as _, Sha256};

use super::disk;
use super::machine::{HARDWARE, Machine};
use crate::support::preflight::installed;
use crate::support::toolchain_image::alone;

const RECIPE: &str = include_str!("image.sh");
/// What is done on the first machine before its state is saved: docker has an image, and the second serial port passes bytes
/// as they are.
const PREPARE: &str = r"set -e
mkdir -p /tmp/image/bin
cp /bin/busybox /tmp/image/bin/
ln -s busybox /tmp/image/bin/sh
for tool in sleep cat echo true; do ln -s busybox /tmp/image/bin/$tool; done
tar -C /tmp/image -c . | docker import - box:1
rm -r /tmp/image
docker run --rm box:1 /bin/true
stty -F /dev/ttyS1 raw -echo
sync
";

/// What all machines begin with.
pub struct Image {
    folder: PathBuf,
}

impl Image {
    /// The one for these tests. It is made if it is not there.
    pub fn get() -> &'static Self {
        static IMAGE: OnceLock<Image> = OnceLock::new();
        IMAGE.get_or_init(|| {
            let _alone = alone("nodes");
            let all = place();
            let image = Self {
                folder: all.join(format!("image-{}", key())),
            };
            if !image.folder.exists() {
                image.make(&all);
            }
            image
        })
    }

    /// A file of it.
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The disk of a machine that has started, for layers over it.
    pub fn disk(&self) -> PathBuf {
        self.at("ready.disk")
    }

    /// The state of that machine.
    pub fn state(&self) -> PathBuf {
        self.at("ready.state")
    }

    /// The key for the login.
    pub fn key(&self) -> PathBuf {
        self.at("key")
    }

    fn make(&self, all: &Path) {
        // Earlier recipes, and what a killed run left.
        for entry in fs::read_dir(all).expect("a directory").flatten() {
            if entry.file_name().to_string_lossy().starts_with("image-") {
                fs::remove_dir_all(entry.path()).expect("removed");
            }
        }
        let new = Self {
            folder: self.folder.with_extension("new"),
        };
        fs::create_dir(&new.folder).expect("a directory");
        let made = installed("sh")
            .args(["-c", RECIPE, "image.sh"])
            .arg(&new.folder)
            .status();
        assert!(made.expect("sh starts").success());
        let public = fs::read_to_string(new.at("host.pub")).expect("a key");
        fs::write(new.at("known_hosts"), format!("node {public}")).expect("written");
        let disk = disk::over(Path::new("disk.img"), "raw", &new.disk());
        let mut machine = Machine::boot(&new, disk);
        machine.wait_for_services();
        machine.well(PREPARE);
        machine.monitor().save(&new.state());
        drop(machine);
        fs::rename(&new.folder, &self.folder).expect("moved");
    }
}

/// Where everything is kept that takes long to make.
pub fn place() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("nodes");
    fs::create_dir_all(&place).expect("a directory");
    place
}

/// Whatever an image or a state depends on has another key.
fn key() -> String {
    let version = Command::new("qemu-system-x86_64").arg("--version").output();
    let mut hasher = Sha256::new();
    for part in [RECIPE, PREPARE, &HARDWARE.join(" ")] {
        hasher.update(part);
        hasher.update([0]);
    }
    hasher.update(version.expect("QEMU starts").stdout);
    let digest: String = hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    digest[..16].to_owned()
}
