//! The metadata of a yum repository: three lists, a list of them, and its signature.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::earlier_yum::LISTS;
use super::entry::Entry;
use super::xml::Xml;
use crate::attestation::PackageKey;
use crate::checksum::sha256_hex;

/// The metadata, by paths relative to the root of the repository.
pub(super) struct YumMetadata {
    /// The three lists.
    pub(super) lists: Vec<(String, Vec<u8>)>,
    /// The sizes of the lists without compression, and their sha256.
    open: Vec<(usize, String)>,
}

impl YumMetadata {
    /// Those of `entries`.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let (mut lists, mut open) = (Vec::new(), Vec::new());
        for (index, list) in LISTS.into_iter().enumerate() {
            let text = document(list, index, entries);
            let packed = gzip(text.as_bytes());
            let name = format!("repodata/{}-{list}.xml.gz", sha256_hex(&packed));
            lists.push((name, packed));
            open.push((text.len(), sha256_hex(text.as_bytes())));
        }
        Self { lists, open }
    }

    /// The list of the lists, and its signature.
    pub(super) fn signed(&self, revision: u32, key: &PackageKey) -> [(&'static str, String); 2] {
        let time = revision.to_string();
        let mut xml = Xml::document();
        let of_repository = [
            ("xmlns", "http://linux.duke.edu/metadata/repo"),
            ("xmlns:rpm", "http://linux.duke.edu/metadata/rpm"),
        ];
        xml.begin("repomd", &of_repository);
        xml.text("revision", &[], &time);
        let lists = LISTS.into_iter().zip(&self.lists).zip(&self.open);
        for ((list, (path, packed)), (size, sha256)) in lists {
            let kind = [("type", "sha256")];
            xml.begin("data", &[("type", list)]);
            xml.text("checksum", &kind, &sha256_hex(packed));
            xml.text("open-checksum", &kind, sha256);
            xml.empty("location", &[("href", path)]);
            xml.text("timestamp", &[], &time);
            xml.text("size", &[], &packed.len().to_string());
            xml.text("open-size", &[], &size.to_string());
            xml.end("data");
        }
        xml.end("repomd");
        let text = xml.finish();
        let signature = key.sign_detached(text.as_bytes(), revision);
        [
            ("repodata/repomd.xml", text),
            ("repodata/repomd.xml.asc", signature),
        ]
    }
}

/// A list of all packages. The pieces were written before they were put together: those of an earlier one are taken as they
/// are.
fn document(list: &str, index: usize, entries: &[Entry]) -> String {
    let (element, namespace) = match list {
        "primary" => ("metadata", "common"),
        "filelists" => ("filelists", "filelists"),
        _ => ("otherdata", "other"),
    };
    let namespace = format!("http://linux.duke.edu/metadata/{namespace}");
    let number = entries.len().to_string();
    let mut attributes = vec![("xmlns", namespace.as_str())];
    if list == "primary" {
        attributes.push(("xmlns:rpm", "http://linux.duke.edu/metadata/rpm"));
    }
    attributes.push(("packages", &number));
    let mut xml = Xml::document();
    xml.begin(element, &attributes);
    let mut text = xml.finish();
    for entry in entries {
        text += &entry.texts[index];
    }
    text + &format!("</{element}>\n")
}

/// The same bytes each time: without a name and a time.
pub(super) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    let written = encoder.write_all(content).and_then(|()| encoder.finish());
    written.expect("what is written to memory is written")
}
