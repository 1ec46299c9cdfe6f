//! What packaging takes of the memory.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::Command;

use kmembuild::artifacts::Manifest;
use kmembuild::delivery::packaging::{PackageFormat, PackageSettings, RpmCompression, package};

use super::result::Published;

/// The directory of a result that a process of this test is to package, and the compression.
const ORDER: &str = "KMEMBUILD_TEST_PACKAGE";
/// The size of a kubelet, in bytes.
const SIZE: u64 = 150_000_000;
/// What packaging may add to what the process has, in KiB. With what the tool itself has, these are less than 64 MiB.
const LIMIT: u64 = 40 << 10;

#[test]
fn an_rpm_of_a_kubelet_is_written_as_it_is_made() {
    if let Some(order) = env::var_os(ORDER) {
        return carry_out(Path::new(&order));
    }
    let mut published = Published::new("kubelet", "v1.15.5", "kubelet", "/bin/busybox");
    let path = published.path().join("kubelet");
    let mut program = File::options().append(true).open(&path).expect("an output");
    // Nothing that compresses: the package is as large as the program.
    let noise = File::open("/dev/urandom").expect("noise");
    io::copy(&mut noise.take(SIZE), &mut program).expect("written");
    program.flush().expect("written");
    drop(program);
    let (size, sha256) =
        kmembuild::checksum::sha256_of(File::open(&path).expect("it")).expect("a sum");
    published.manifest.files[0].size = size;
    published.manifest.files[0].sha256 = sha256;
    let manifest = serde_json::to_string(&published.manifest).expect("JSON");
    fs::write(published.path().join("manifest.json"), manifest).expect("written");
    for compression in ["gzip", "zstd"] {
        fs::write(published.path().join("compression"), compression).expect("written");
        // Its memory is that of a process of its own.
        let run = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "--nocapture"])
            .arg("packaging::memory::an_rpm_of_a_kubelet_is_written_as_it_is_made")
            .env(ORDER, published.path())
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success(), "{said}");
        let peak = said.split("peak: ").nth(1).expect("a peak");
        let peak: u64 = peak
            .split(' ')
            .next()
            .expect("a number")
            .parse()
            .expect("a number");
        println!("figure: an rpm of a kubelet of 150 MB with {compression} adds {peak} KiB");
        assert!(peak <= LIMIT, "{compression}: {peak} KiB");
    }
}

fn carry_out(folder: &Path) {
    let text = fs::read_to_string(folder.join("manifest.json")).expect("a manifest");
    let manifest: Manifest = serde_json::from_str(&text).expect("a manifest");
    let empty = Published::of_bytes("kubelet", "v1.15.5", "kubelet", b"");
    let mut of_recipe = empty.package.clone();
    if fs::read(folder.join("compression")).expect("a word") == b"zstd" {
        of_recipe.rpm_compression = RpmCompression::Zstd;
    }
    let settings = PackageSettings::new(&of_recipe, &empty.source);
    let out = folder.join("packages");
    let before = memory("VmRSS:");
    let made = package(PackageFormat::Rpm, &settings, &manifest, folder, &out).expect("a package");
    assert!(fs::metadata(made).expect("a package").len() > SIZE);
    println!("peak: {} KiB", memory("VmHWM:").saturating_sub(before));
}

/// A value of this process in KiB, by proc(5).
fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    let value = value.expect("a value").trim().trim_end_matches(" kB");
    value.parse().expect("a number")
}
