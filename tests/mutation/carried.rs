//! The readers of what is carried over a border, and of the nodes that it is for.

use std::fs;

use kmembuild::bundle::{BundleDocument, BundleWriter, Bundles, TEXT_TYPE};
use kmembuild::delivery::rollout::read_nodes;
use kmembuild::transport::{Descriptor, Digest};

use super::targets::{Reader, assert_word, place, said, stays, text};
use crate::bundles::form;

/// The texts of a bundle.
const TEXTS: [(&str, &[u8]); 3] = [
    ("release.yaml", b"format: 1\n"),
    ("kmembuild.lock", b"{}"),
    ("recipes/a.yaml", b"name: a\n"),
];

/// Whole bundles.
pub fn bundles() -> Vec<Vec<u8>> {
    let (_directory, path) = place("bundle.oci.tar");
    form::write(&path, &TEXTS, None, None);
    let first = fs::read(&path).expect("a bundle");
    let next = path.with_file_name("next.oci.tar");
    form::write(&next, &TEXTS[..2], None, Some(&path));
    vec![first, fs::read(&next).expect("a bundle")]
}

/// Reads an input as a bundle, and all that it has.
pub fn bundle() -> Reader {
    let (directory, path) = place("bundle.oci.tar");
    Box::new(move |bytes| {
        let _kept = &directory;
        fs::write(&path, bytes).expect("written");
        match Bundles::open(&[&path]) {
            Ok(bundle) => assert_holds(&bundle),
            Err(error) => drop(said(&error)),
        }
    })
}

/// What bundles say of themselves.
pub fn bundle_documents() -> Vec<Vec<u8>> {
    let (_directory, path) = place("bundle.oci.tar");
    form::write(&path, &TEXTS, None, None);
    let bundle = Bundles::open(&[&path]).expect("a bundle");
    vec![serde_json::to_vec(bundle.document()).expect("JSON")]
}

/// Makes a bundle that says what the input says, and reads it.
pub fn bundle_document() -> Reader {
    let (directory, path) = place("bundle.oci.tar");
    Box::new(move |bytes| {
        let _kept = &directory;
        let Ok(document) = serde_json::from_slice::<BundleDocument>(bytes) else {
            return;
        };
        let _ = fs::remove_file(&path);
        let mut writer = BundleWriter::create(&path, None, None).expect("a bundle");
        for (_, text) in TEXTS {
            let blob = Descriptor::of(TEXT_TYPE, text);
            writer.put_bytes(&blob, text).expect("written");
        }
        if writer.finish(document, Vec::new()).is_err() {
            return;
        }
        match Bundles::open(&[&path]) {
            Ok(bundle) => assert_holds(&bundle),
            Err(error) => drop(said(&error)),
        }
    })
}

/// What a bundle that is taken has is what its digests say, and none of its files leaves its directory.
fn assert_holds(bundle: &Bundles) {
    for file in &bundle.document().files {
        assert!(stays(&file.path), "{:?}", file.path);
        match bundle.file(file) {
            Ok(content) => assert_eq!(Digest::of(&content), file.content.digest),
            Err(error) => drop(said(&error)),
        }
    }
}

/// Files of nodes.
pub fn node_files() -> Vec<Vec<u8>> {
    ["# a wave\nnode17\nnode-18.example root@10.0.0.18\n\nn3 [fd00::3]\n"]
        .map(|text| text.as_bytes().to_vec())
        .into()
}

/// Reads an input as a file of nodes, whose names and addresses go to a shell, to ssh and to Ansible.
pub fn node_file() -> Reader {
    let (directory, path) = place("nodes");
    Box::new(move |bytes| {
        let _kept = &directory;
        fs::write(&path, bytes).expect("written");
        match read_nodes(&path) {
            Ok(nodes) => {
                assert!(!nodes.is_empty(), "{}", text(bytes));
                for node in nodes {
                    for word in [node.name(), node.address()] {
                        assert_word(word);
                        let special = |c: char| "'\"`$\\;&|<>(){}*?!#~,".contains(c);
                        assert!(!word.contains(special), "{word:?}");
                    }
                }
            }
            Err(error) => drop(said(&error)),
        }
    })
}
