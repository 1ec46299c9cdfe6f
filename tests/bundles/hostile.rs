//! Bundles that somebody has changed, whole and with valid digests as far as that goes.

use std::fs;
use std::path::PathBuf;

use kmembuild::bundle::Bundles;
use kmembuild::checksum::sha256_hex;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::form::write;
use super::place::{archive, entries};

/// A good bundle, and copies of it with something changed.
struct Changed {
    folder: TempDir,
    entries: Vec<(String, Vec<u8>)>,
}

impl Changed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("good");
        write(
            &path,
            &[("release.yaml", b"one"), ("recipes/b.yaml", b"two")],
            None,
            None,
        );
        let entries = entries(&fs::read(path).unwrap());
        Self { folder, entries }
    }

    /// What is said of the entries after a change.
    #[track_caller]
    fn said(&self, change: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) -> String {
        let mut entries = self.entries.clone();
        change(&mut entries);
        self.said_of(&archive(&entries))
    }

    #[track_caller]
    fn said_of(&self, bytes: &[u8]) -> String {
        let path: PathBuf = self.folder.path().join("changed");
        fs::write(&path, bytes).unwrap();
        let opened = Bundles::open(&[path]);
        opened.expect_err("it is refused").to_string()
    }

    /// What is said when the document says something else, with everything above it as it has to be then.
    #[track_caller]
    fn said_of_document(&self, change: impl FnOnce(&mut Value)) -> String {
        self.said(|entries| {
            let index: Value = serde_json::from_slice(&entries.last().unwrap().1).unwrap();
            let manifest = take(entries, &index["manifests"][0]);
            let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
            let document = take(entries, &manifest["config"]);
            let mut document: Value = serde_json::from_slice(&document).unwrap();
            change(&mut document);
            put(entries, &mut manifest["config"], &document);
            let mut index = index.clone();
            put(entries, &mut index["manifests"][0], &manifest);
            entries.last_mut().unwrap().1 = index.to_string().into_bytes();
        })
    }
}

fn name(blob: &Value) -> String {
    blob["digest"]
        .as_str()
        .unwrap()
        .replace("sha256:", "blobs/sha256/")
}

fn take(entries: &mut Vec<(String, Vec<u8>)>, blob: &Value) -> Vec<u8> {
    let name = name(blob);
    let at = entries
        .iter()
        .position(|(found, _)| *found == name)
        .unwrap();
    entries.remove(at).1
}

fn put(entries: &mut Vec<(String, Vec<u8>)>, blob: &mut Value, content: &Value) {
    let text = content.to_string().into_bytes();
    blob["digest"] = json!(format!("sha256:{}", sha256_hex(&text)));
    blob["size"] = json!(text.len());
    let last = entries.len() - 1;
    entries.insert(last, (name(blob), text));
}

#[test]
fn entries_that_no_layout_has_are_refused() {
    let changed = Changed::new();
    for bad in [
        "../evil",
        "/etc/passwd",
        "blobs/sha256/../../evil",
        "blobs/sha256/12",
        "kmembuild",
        "blobs/sha512/a",
    ] {
        let said = changed.said(|entries| entries.insert(1, (bad.to_owned(), b"x".to_vec())));
        assert!(
            said.contains(&format!("{bad:?} is not part of an image layout")),
            "{said}"
        );
    }
    let said = changed.said(|entries| {
        let again = entries[1].clone();
        entries.push(again);
    });
    assert!(said.contains("is there twice"), "{said}");
    let said = changed.said(|entries| {
        let again = entries.last().unwrap().clone();
        entries.push(again);
    });
    assert!(said.contains("\"index.json\" is there twice"), "{said}");
    // Links of both kinds, a device, a pipe, and what may change the name of the next entry.
    for kind in [b'1', b'2', b'3', b'6', b'x', b'g', b'L'] {
        let mut header = tar::Header::new_ustar();
        header.set_path("blobs/sha256/link").unwrap();
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_link_name("/etc/passwd").unwrap();
        header.set_size(0);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend(archive(&changed.entries));
        let said = changed.said_of(&bytes);
        assert!(said.contains("is neither a file nor a directory"), "{said}");
    }
}

#[test]
fn what_is_cut_or_changed_is_refused() {
    let changed = Changed::new();
    let whole = archive(&changed.entries);
    // The end of an archive is two empty blocks; of the last, nobody needs more than one.
    let content = whole.len() - 1024;
    for length in [
        0,
        1,
        100,
        511,
        512,
        513,
        2000,
        content - 1,
        content,
        content + 511,
    ] {
        let said = changed.said_of(&whole[..length]);
        assert!(said.contains("ends in the middle"), "{length}: {said}");
    }
    let said = changed.said_of(&[b'x'; 4096]);
    assert!(said.contains("is damaged at byte 0"), "{said}");
    for (at, name) in ["oci-layout", "index.json"].into_iter().enumerate() {
        let at = at * (changed.entries.len() - 1);
        let said = changed.said(|entries| {
            entries.remove(at);
        });
        assert!(said.contains(&format!("it has no {name}")), "{said}");
    }
    let said = changed.said(|entries| entries[0].1 = b"{\"imageLayoutVersion\":\"2\"}".to_vec());
    assert!(said.contains("another version"), "{said}");
    let said = changed.said(|entries| entries.last_mut().unwrap().1 = b"{\"manifests\":".to_vec());
    assert!(
        said.contains("index.json of the bundle") && said.contains("malformed"),
        "{said}"
    );
    let said = changed.said(|entries| entries.last_mut().unwrap().1 = vec![b' '; 5 << 20]);
    assert!(said.contains("is larger than"), "{said}");
    // A blob that is gone, one that is longer, a document that is another one.
    let said = changed.said(|entries| {
        entries.remove(2);
    });
    assert!(said.contains("does not have blob"), "{said}");
    let said = changed.said(|entries| entries[2].1.push(b'x'));
    assert!(said.contains("has 4 bytes, not 3"), "{said}");
    for from_end in [2, 3] {
        let said = changed.said(|entries| {
            let at = entries.len() - from_end;
            *entries[at].1.last_mut().unwrap() = b' ';
        });
        assert!(said.contains("has other content"), "{said}");
    }
    let said = changed.said(|entries| {
        let mut index: Value = serde_json::from_slice(&entries.last().unwrap().1).unwrap();
        let twice = index["manifests"][0].clone();
        index["manifests"].as_array_mut().unwrap().push(twice);
        entries.last_mut().unwrap().1 = index.to_string().into_bytes();
    });
    assert!(said.contains("does not name one bundle"), "{said}");
}

#[test]
fn a_document_is_not_believed() {
    let changed = Changed::new();
    for path in [
        "../../etc/cron.d/x",
        "/etc/passwd",
        "recipes/../../x",
        "",
        "a/",
        "a\u{0}b",
    ] {
        let said = changed.said_of_document(|document| document["files"][1]["path"] = json!(path));
        assert!(said.contains(&format!("it has a file {path:?}")), "{said}");
    }
    let said = changed.said_of_document(|document| document["format"] = json!(2));
    assert!(said.contains("has format 2"), "{said}");
    let said = changed.said_of_document(|document| document["more"] = json!(2));
    assert!(said.contains("the configuration of the bundle"), "{said}");
    let said =
        changed.said_of_document(|document| document["files"][1]["content"]["size"] = json!(4));
    assert!(said.contains("has 3 bytes, not 4"), "{said}");
    for field in ["release", "lockfile"] {
        let said = changed.said_of_document(|document| document[field] = json!("../../etc/passwd"));
        assert!(
            said.contains("does not have its file \"../../etc/passwd\""),
            "{said}"
        );
    }
    let digest = format!("sha256:{}", "0".repeat(64));
    let said = changed.said_of_document(|document| document["tool"]["digest"] = json!(digest));
    assert!(
        said.contains(&format!("does not have blob {digest}")),
        "{said}"
    );
    // Left out for a bundle that is not there.
    let said = changed.said_of_document(|document| {
        document["tool"]["digest"] = json!(digest);
        document["since"] = json!([{"file": "\u{1b}[31mold", "digest": digest, "blobs": [digest]}]);
    });
    assert!(said.contains("which is not given"), "{said}");
    let said = changed
        .said_of_document(|document| document["files"][0]["content"]["size"] = json!(1_u64 << 60));
    assert!(said.contains("bytes, not"), "{said}");
}
