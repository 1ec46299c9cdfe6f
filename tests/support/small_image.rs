//! A root file system of one static program, for tests that need a shell and nothing else; and archives of images.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use kmembuild::checksum::sha256_hex;
use serde_json::json;

use super::preflight::installed;

/// The root file system as a tar archive: busybox under each of its names, and the directories that a system has.
pub fn small_root() -> Vec<u8> {
    small_root_with(&[])
}

/// The same with further files.
pub fn small_root_with(files: &[(&str, &[u8])]) -> Vec<u8> {
    let program = which("busybox");
    let list = installed("busybox").arg("--list").output();
    let list = list.expect("busybox starts").stdout;
    let mut archive = tar::Builder::new(Vec::new());
    for directory in [
        "bin/",
        "etc/",
        "proc/",
        "sys/",
        "dev/",
        "src/deep/",
        "root/",
    ] {
        append(
            &mut archive,
            directory,
            0o755,
            tar::EntryType::Directory,
            b"",
        );
    }
    append(&mut archive, "tmp/", 0o1777, tar::EntryType::Directory, b"");
    let content = fs::read(program).expect("busybox");
    append(
        &mut archive,
        "bin/busybox",
        0o755,
        tar::EntryType::Regular,
        &content,
    );
    for name in String::from_utf8_lossy(&list).lines() {
        if name == "busybox" {
            continue;
        }
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        archive
            .append_link(&mut header, format!("bin/{name}"), "busybox")
            .expect("a link");
    }
    for (path, content) in files {
        append(&mut archive, path, 0o644, tar::EntryType::Regular, content);
    }
    archive.into_inner().expect("a whole archive")
}

fn append(
    archive: &mut tar::Builder<Vec<u8>>,
    path: &str,
    mode: u32,
    kind: tar::EntryType,
    content: &[u8],
) {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(1_500_000_000);
    header.set_size(content.len() as u64);
    archive
        .append_data(&mut header, path, content)
        .expect("an entry");
}

fn which(name: &str) -> String {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {name}")])
        .output();
    let found = found.expect("a shell starts").stdout;
    String::from_utf8(found).expect("a path").trim().to_owned()
}

/// Writes an archive as of `docker save` with an image of these layers, whose digests the configuration lists as they are
/// unless others are given. Returns the id of the image.
pub fn write_image(file: &Path, layers: &[Bytes], digests: Option<Vec<String>>) -> String {
    let digest = |layer: &Bytes| format!("sha256:{}", sha256_hex(layer));
    let digests = digests.unwrap_or_else(|| layers.iter().map(digest).collect());
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "config": {"Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": digests},
    });
    let config = config.to_string();
    let id = sha256_hex(config.as_bytes());
    let names: Vec<_> = (0..layers.len())
        .map(|number| format!("{number}/layer.tar"))
        .collect();
    let manifest =
        json!([{"Config": format!("{id}.json"), "RepoTags": null, "Layers": names}]).to_string();
    let mut archive = tar::Builder::new(fs::File::create(file).expect("a file"));
    let mut add = |name: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        archive
            .append_data(&mut header, name, content)
            .expect("an entry");
    };
    add("manifest.json", manifest.as_bytes());
    add(&format!("{id}.json"), config.as_bytes());
    for (name, layer) in names.iter().zip(layers) {
        add(name, layer);
    }
    archive
        .into_inner()
        .and_then(|mut file| file.flush())
        .expect("a whole archive");
    format!("sha256:{id}")
}
