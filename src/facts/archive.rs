//! Which image is in an archive.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use serde::Deserialize;

use super::types::FactsError;
use crate::checksum::sha256_hex;
use crate::regular_file;

/// Maximum size of a `manifest.json`, an `index.json` or a configuration; real ones have a few kilobytes.
const LIMIT: u64 = 1 << 20;

/// An entry of the `manifest.json` that docker, crane, kaniko and others write.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SavedImage {
    config: String,
}

/// The `index.json` of an OCI layout.
#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

/// A manifest of an OCI layout.
#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}

/// The only image in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedImage {
    /// Digest of its configuration, `sha256:...`.
    pub id: String,
    /// Digests of its unpacked layers, from the configuration.
    pub layers: Vec<String>,
}

/// The part of a configuration that says what the image consists of.
#[derive(Deserialize)]
struct Configuration {
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Option<Vec<String>>,
}

/// Finds the only image in an archive, without unpacking it. Its id is the digest of its configuration, whatever the file
/// with the configuration is called. `manifest.json` says which file that is, or `index.json` where there is no other.
///
/// # Errors
/// [`FactsError::ArchiveUnreadable`] or [`FactsError::NotAnArchive`].
pub fn read_archive(path: &Path) -> Result<ArchivedImage, FactsError> {
    let name = path.display().to_string();
    let unreadable = |source| FactsError::ArchiveUnreadable {
        file: name.clone(),
        source,
    };
    let file = regular_file::open(path).map_err(unreadable)?;
    image(file).map_err(|problem| match problem {
        Problem::Unreadable(source) => unreadable(source),
        Problem::Other(reason) => FactsError::NotAnArchive {
            file: name.clone(),
            reason,
        },
    })
}

enum Problem {
    Unreadable(io::Error),
    /// What is missing or wrong in the archive.
    Other(String),
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

fn other<T>(reason: impl Into<String>) -> Result<T, Problem> {
    Err(Problem::Other(reason.into()))
}

fn image(mut file: File) -> Result<ArchivedImage, Problem> {
    let config = if let Some(text) = entry(&mut file, "manifest.json")? {
        let images: Vec<SavedImage> = parsed(&text, "manifest.json is not a list of images")?;
        match images.as_slice() {
            [image] => image.config.clone(),
            _ => return other("it must contain exactly one image"),
        }
    } else if let Some(text) = entry(&mut file, "index.json")? {
        let index: Index = parsed(&text, "index.json is not a list of manifests")?;
        let [only] = index.manifests.as_slice() else {
            return other("it must contain exactly one image");
        };
        let manifest = blob(&only.digest)?;
        let Some(text) = entry(&mut file, &manifest)? else {
            return other(format!("it lacks {manifest}, which its index.json names"));
        };
        let problem = "index.json names no image for one platform";
        blob(&parsed::<Manifest>(&text, problem)?.config.digest)?
    } else {
        return other(
            "it has neither a manifest.json nor an index.json; write the archive with `docker save IMAGE -o FILE`",
        );
    };
    let Some(text) = entry(&mut file, &config)? else {
        return other(format!("it lacks the image's configuration {config:?}"));
    };
    let configuration: Configuration = parsed(&text, "configuration lists no layers")?;
    Ok(ArchivedImage {
        id: format!("sha256:{}", sha256_hex(&text)),
        layers: configuration.rootfs.diff_ids.unwrap_or_default(),
    })
}

fn parsed<T: serde::de::DeserializeOwned>(text: &[u8], problem: &str) -> Result<T, Problem> {
    serde_json::from_slice(text).or_else(|_| other(format!("its {problem}")))
}

/// Where a layout has the file with that digest.
fn blob(digest: &str) -> Result<String, Problem> {
    match digest.split_once(':') {
        Some(("sha256", hex)) if hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit()) => {
            Ok(format!("blobs/sha256/{hex}"))
        }
        _ => other(format!(
            "its index.json has {digest:?} in the place of a digest"
        )),
    }
}

/// The content of the first file by that name.
fn entry(file: &mut File, name: &str) -> Result<Option<Vec<u8>>, Problem> {
    file.seek(SeekFrom::Start(0))?;
    let mut archive = tar::Archive::new(file);
    // Raw: what the headers before an entry say of it would be read into memory whole, however long it is. The names that
    // are looked for are short ones.
    for entry in archive.entries_with_seek()?.raw(true) {
        let Ok(entry) = entry else {
            return other("not a tar archive; decompress it first if it is compressed");
        };
        let is_it = entry.path().is_ok_and(|path| {
            let path = path.strip_prefix(".").unwrap_or(&path);
            path == Path::new(name)
        });
        if !is_it || !entry.header().entry_type().is_file() {
            continue;
        }
        if entry.size() > LIMIT {
            return other(format!("{name} in it is too large"));
        }
        let mut text = Vec::new();
        entry.take(LIMIT).read_to_end(&mut text)?;
        return Ok(Some(text));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::{ArchivedImage, read_archive};
    use crate::checksum::sha256_hex;

    const CONFIG: &str =
        r#"{"architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ["sha256:1234"]}}"#;

    fn archive(entries: &[(&str, &str)]) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.tar");
        let mut archive = tar::Builder::new(std::fs::File::create(&path).unwrap());
        for (name, text) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            archive
                .append_data(&mut header, name, text.as_bytes())
                .unwrap();
        }
        archive.finish().unwrap();
        (folder, path)
    }

    fn read(entries: &[(&str, &str)]) -> Result<ArchivedImage, String> {
        let (_folder, path) = archive(entries);
        read_archive(&path).map_err(|error| error.to_string())
    }

    fn saved(config: &str) -> String {
        format!(r#"[{{"Config": "{config}", "RepoTags": null, "Layers": ["l.tar.gz"]}}]"#)
    }

    #[test]
    fn the_image_is_known_by_its_configuration_however_the_files_are_called() {
        let digest = sha256_hex(CONFIG.as_bytes());
        let expected = ArchivedImage {
            id: format!("sha256:{digest}"),
            layers: vec!["sha256:1234".to_owned()],
        };
        // docker's, those of crane and kaniko, and names that say nothing.
        for name in [
            format!("{digest}.json"),
            format!("sha256:{digest}"),
            format!("blobs/sha256/{digest}"),
            "config.json".to_owned(),
            "0".repeat(64),
        ] {
            let manifest = saved(&name);
            let (manifest, config) = (
                ("manifest.json", manifest.as_str()),
                (name.as_str(), CONFIG),
            );
            for entries in [[manifest, config], [config, manifest]] {
                assert_eq!(read(&entries), Ok(expected.clone()), "{name}");
            }
            let dotted = format!("./{name}");
            let entries = [("./manifest.json", manifest.1), (dotted.as_str(), CONFIG)];
            assert_eq!(read(&entries), Ok(expected.clone()), "{dotted}");
        }
        // An OCI layout, alone and with what docker 25 and later add.
        let oci = format!(r#"{{"schemaVersion": 2, "config": {{"digest": "sha256:{digest}"}}}}"#);
        let oci_digest = sha256_hex(oci.as_bytes());
        let index = format!(r#"{{"manifests": [{{"digest": "sha256:{oci_digest}"}}]}}"#);
        let (config_name, oci_name) = (
            format!("blobs/sha256/{digest}"),
            format!("blobs/sha256/{oci_digest}"),
        );
        let layout = [
            ("oci-layout", "{}"),
            (config_name.as_str(), CONFIG),
            (oci_name.as_str(), oci.as_str()),
            ("index.json", index.as_str()),
        ];
        assert_eq!(read(&layout), Ok(expected.clone()));
        let manifest = saved(&config_name);
        let both = [&layout[..], &[("manifest.json", manifest.as_str())]].concat();
        assert_eq!(read(&both), Ok(expected));
    }

    #[test]
    fn what_is_no_archive_of_one_image_is_refused_with_the_reason() {
        let two = r#"[{"Config": "a"}, {"Config": "b"}]"#;
        let many = r#"{"manifests": [{"digest": "sha256:1"}, {"digest": "sha256:2"}]}"#;
        let outside = r#"{"manifests": [{"digest": "sha256:../../etc/passwd"}]}"#;
        let nested = format!("blobs/sha256/{}", "1".repeat(64));
        let of_indexes = format!(
            r#"{{"manifests": [{{"digest": "sha256:{}"}}]}}"#,
            "1".repeat(64)
        );
        let own = saved("c");
        let large = " ".repeat(1 << 20) + "[]";
        let cases: [(&[(&str, &str)], &str); 10] = [
            (
                &[("hello", "hi")],
                "neither a manifest.json nor an index.json",
            ),
            (&[("manifest.json", "{}")], "not a list of images"),
            (
                &[("manifest.json", &large)],
                "manifest.json in it is too large",
            ),
            (&[("manifest.json", two)], "exactly one image"),
            (
                &[("manifest.json", &own)],
                "it lacks the image's configuration \"c\"",
            ),
            (
                &[("manifest.json", &own), ("c", "no")],
                "configuration lists no layers",
            ),
            (&[("index.json", many)], "exactly one image"),
            (&[("index.json", outside)], "in the place of a digest"),
            (&[("index.json", &of_indexes)], "it lacks blobs/sha256/1111"),
            (
                &[
                    ("index.json", &of_indexes),
                    (&nested, r#"{"manifests": []}"#),
                ],
                "names no image for one platform",
            ),
        ];
        for (entries, reason) in cases {
            let refused = read(entries).unwrap_err();
            assert!(refused.contains(reason), "{reason}: {refused}");
        }
    }
}
