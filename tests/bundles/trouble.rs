//! Bundles that were changed on their way, with all their digests right again, and disks that are full.

use std::fs;

use kmembuild::checksum::sha256_hex;
use serde_json::{Value, json};

use super::place::{ClosedPlace, OpenPlace, archive, entries};
use crate::support::command::Finished;
use crate::support::preflight::installed;

type Entries = Vec<(String, Vec<u8>)>;

fn place(blob: &Value) -> String {
    blob["digest"]
        .as_str()
        .unwrap()
        .replace("sha256:", "blobs/sha256/")
}

fn content<'a>(entries: &'a Entries, blob: &Value) -> &'a [u8] {
    let name = place(blob);
    let found = entries.iter().find(|(found, _)| *found == name);
    &found.expect("the blob").1
}

/// Puts a blob, and says so where it is named.
fn put(entries: &mut Entries, blob: &mut Value, text: Vec<u8>) {
    blob["digest"] = json!(format!("sha256:{}", sha256_hex(&text)));
    blob["size"] = json!(text.len());
    let name = place(blob);
    if entries.iter().all(|(found, _)| *found != name) {
        let last = entries.len() - 1;
        entries.insert(last, (name, text));
    }
}

/// Changes the document of a bundle, and everything above it.
fn change(entries: &mut Entries, change: impl FnOnce(&mut Entries, &mut Value)) {
    let mut index: Value = serde_json::from_slice(&entries.last().unwrap().1).unwrap();
    let mut manifest: Value =
        serde_json::from_slice(content(entries, &index["manifests"][0])).unwrap();
    let mut document: Value =
        serde_json::from_slice(content(entries, &manifest["config"])).unwrap();
    change(entries, &mut document);
    put(
        entries,
        &mut manifest["config"],
        document.to_string().into_bytes(),
    );
    put(
        entries,
        &mut index["manifests"][0],
        manifest.to_string().into_bytes(),
    );
    entries.last_mut().unwrap().1 = index.to_string().into_bytes();
}

/// Gives a bundle the lock file of another one.
pub fn say_it_is_of(entries: &mut Entries, other: &Entries) {
    let mut lock = Vec::new();
    let mut copy = other.clone();
    change(&mut copy, |entries, document| {
        let files = document["files"].as_array().unwrap();
        let file = files
            .iter()
            .find(|file| file["path"] == "kmembuild.lock")
            .unwrap();
        lock = content(entries, &file["content"]).to_vec();
    });
    change(entries, |entries, document| {
        let files = document["files"].as_array_mut().unwrap();
        let file = files
            .iter_mut()
            .find(|file| file["path"] == "kmembuild.lock")
            .unwrap();
        put(entries, &mut file["content"], lock);
    });
}

/// Whoever changes a bundle can make its digests right, but not those of the lock file.
#[test]
fn changed_images_and_sources_are_refused() {
    let open = OpenPlace::new();
    open.run(&["bundle", "-o", "good.oci.tar"]).code(0);
    let good = entries(&fs::read(open.path("good.oci.tar")).unwrap());
    let closed = ClosedPlace::new();
    let refused = |what: &str, entries: &Entries| -> Finished {
        fs::write(closed.path("changed.oci.tar"), archive(entries)).unwrap();
        // What an earlier one brought would be taken without looking into this one.
        let _ = fs::remove_dir_all(closed.path("cache"));
        let finished = closed.run(&["release", "--bundle", "changed.oci.tar"]);
        assert!(
            !closed.path("dist/carried/v1.0.0/linux-amd64").exists(),
            "{what}: {finished:?}"
        );
        assert!(
            !closed.path("dist/carried/v1.0.0/linux-arm64").exists(),
            "{what}: {finished:?}"
        );
        finished
    };
    // A bit of a layer, of the pack and of the recipe.
    for (what, kind) in [
        ("layer", "images"),
        ("pack", "sources"),
        ("recipe", "files"),
    ] {
        let mut entries = good.clone();
        let mut name = String::new();
        change(&mut entries.clone(), |_, document| {
            name = place(match kind {
                "images" => &document["images"][0]["layers"][0]["content"],
                "sources" => &document["sources"][0]["pack"],
                _ => &document["files"][1]["content"],
            });
        });
        let entry = entries
            .iter_mut()
            .find(|(found, _)| *found == name)
            .unwrap();
        let middle = entry.1.len() / 2;
        entry.1[middle] ^= 1;
        let finished = refused(what, &entries);
        assert!(
            finished.code != Some(0) && finished.stderr.contains("other content"),
            "{what}: {finished:?}"
        );
    }
    // Another layer, whose digests are right.
    let mut entries = good.clone();
    change(&mut entries, |entries, document| {
        let layer = &mut document["images"][0]["layers"][1]["content"];
        let mut other = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(5);
        header.set_mode(0o644);
        other
            .append_data(&mut header, "etc/toolchain", &b"evil\n"[..])
            .unwrap();
        put(entries, layer, other.into_inner().unwrap());
    });
    refused("another layer", &entries)
        .code(12)
        .says("layer 2 does not match its digest");
    // Another configuration.
    let mut entries = good.clone();
    change(&mut entries, |entries, document| {
        let blob = &mut document["images"][0]["configuration"];
        let text = String::from_utf8(content(entries, blob).to_vec()).unwrap();
        put(
            entries,
            blob,
            text.replace("PATH=/bin", "PATH=/evi").into_bytes(),
        );
    });
    refused("another configuration", &entries)
        .code(17)
        .says("does not match the lock file");
    // A pack with something else, half a pack, and something that is none.
    for (what, pack) in [
        ("none", b"PACK and no more".to_vec()),
        ("empty", Vec::new()),
    ] {
        let mut entries = good.clone();
        change(&mut entries, |entries, document| {
            put(entries, &mut document["sources"][0]["pack"], pack);
        });
        refused(what, &entries).code(17).says("the pack of commit");
    }
    let other = other_pack();
    let mut entries = good.clone();
    change(&mut entries, |entries, document| {
        put(entries, &mut document["sources"][0]["pack"], other);
    });
    refused("another pack", &entries)
        .code(17)
        .says("is refused");
    // Results that go somewhere else.
    for output in ["../elsewhere", "/elsewhere", "dist/../../elsewhere"] {
        let entries = with_results_in(&good, output);
        refused(output, &entries)
            .code(17)
            .says("not below this directory")
            .says("use --output");
    }
    // After all that, the good one is used as if nothing had been.
    fs::write(closed.path("good.oci.tar"), archive(&good)).unwrap();
    closed.run(&["release", "--bundle", "good.oci.tar"]).code(0);
}

/// A bundle whose release file names that directory for the results.
fn with_results_in(good: &Entries, output: &str) -> Entries {
    let mut entries = good.clone();
    change(&mut entries, |entries, document| {
        let files = document["files"].as_array_mut().unwrap();
        let mut files = files.iter_mut();
        let file = files.find(|file| file["path"] == "release.yaml").unwrap();
        let text = String::from_utf8(content(entries, &file["content"]).to_vec()).unwrap();
        let text = format!("{text}output: {output}\n");
        put(entries, &mut file["content"], text.into_bytes());
    });
    entries
}

/// A whole pack of some other commit.
fn other_pack() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let commit = crate::support::upstream::make_upstream(folder.path());
    let repository = git2::Repository::open(folder.path()).unwrap();
    let mut builder = repository.packbuilder().unwrap();
    builder
        .insert_commit(git2::Oid::from_str(&commit).unwrap())
        .unwrap();
    let mut pack = git2::Buf::new();
    builder.write_buf(&mut pack).unwrap();
    pack.to_vec()
}

#[test]
fn a_full_disk_leaves_nothing() {
    let open = OpenPlace::new();
    fs::create_dir(open.path("small")).unwrap();
    let full = r#"mount -t tmpfs -o size=4m none small || exit 99
"$@"; status=$?; ls -A small >left; exit $status"#;
    for further in [&[][..], &["--split", "1MiB"]] {
        let mut command = installed("unshare");
        command.args([
            "--mount",
            "sh",
            "-c",
            full,
            "sh",
            env!("CARGO_BIN_EXE_kmembuild"),
        ]);
        let words = [
            &["bundle", "-o", "small/closed.oci.tar", "--runtime", "crun"],
            further,
        ]
        .concat();
        let output = open.workplace.set_up(command, &words).output().unwrap();
        Finished::from(output)
            .code(15)
            .says("No space left on device");
        assert_eq!(fs::read_to_string(open.path("left")).unwrap(), "");
    }
}
