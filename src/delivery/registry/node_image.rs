//! An image with the binaries of results and the script that puts them on a node: for a `DaemonSet`, an upgrade controller, or
//! `COPY --from`. It has nothing else in it, no shell and no other program.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::DistributionError;
use super::pushed::{Count, Pushed};
use super::result::{checked_tag, named, tag_of};
use super::version_index::{NODE_IMAGE, add, entry};
use crate::artifacts::directory_of;
use crate::checksum::sha256_of;
use crate::delivery::node_script::{NodeBinary, node_script};
use crate::events::Sink;
use crate::inside::inside;
use crate::regular_file;
use crate::transport::{
    Access, ArtifactName, BlobSource, CONFIG_TYPE, Descriptor, Digest, Document, Manifest,
    Reference, TITLE, Transport,
};

/// Media type of the layer. It is not compressed: a compressor of another version would make another digest.
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// The directory of the files in the image.
const FOLDER: &str = "kmembuild";
/// The script's name.
const SCRIPT: &str = "node.sh";

#[derive(Serialize)]
struct ImageConfiguration {
    architecture: String,
    os: String,
    config: Settings,
    rootfs: RootFs,
    history: [History; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Settings {
    labels: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct RootFs {
    #[serde(rename = "type")]
    kind: &'static str,
    diff_ids: [Digest; 1],
}

#[derive(Serialize)]
struct History {
    created_by: &'static str,
}

/// Pushes an image with the runc and the kubelet of results, at most one of each, to `reference`. Its tags are those of the first
/// binary's version, unless the reference gives one. The same results make the same image. With [`Access::DryRun`] nothing is
/// moved, and the answer is what would be.
///
/// # Errors
/// [`DistributionError`].
pub async fn push_node_image(
    results: &[PathBuf],
    reference: &Reference,
    access: Access,
    transport: &Transport,
    sink: &dyn Sink,
) -> Result<Pushed, DistributionError> {
    let mut binaries = Vec::new();
    let mut paths = Vec::new();
    for result in results {
        for binary in NodeBinary::read(result)? {
            paths.push(directory_of(result).join(&binary.name));
            binaries.push(binary);
        }
    }
    let script = node_script(&binaries)?;
    let Some(first) = binaries.first() else {
        return Ok(Pushed::default());
    };
    let tag = match &reference.name {
        None => tag_of(&first.version)?,
        Some(ArtifactName::Tag(tag)) => tag.clone(),
        Some(ArtifactName::Digest(_)) => {
            let reference = reference.to_string();
            return Err(DistributionError::DigestGiven { reference });
        }
    };
    let at = transport.open(&reference.place, access, sink).await?;
    let count = Count::default();
    let folder = tempfile::tempdir().map_err(|source| unwritable(&std::env::temp_dir(), source))?;
    let layer_file = folder.path().join("layer.tar");
    let layer = write_layer(&layer_file, &script, &binaries, &paths)?;
    let platform = first.platform.clone();
    let (os, architecture) = platform.split_once('-').unwrap_or(("linux", &platform));
    let config = ImageConfiguration {
        architecture: architecture.to_owned(),
        os: os.to_owned(),
        config: Settings {
            labels: BTreeMap::from([
                (
                    TITLE.to_owned(),
                    binaries
                        .iter()
                        .map(NodeBinary::title)
                        .collect::<Vec<_>>()
                        .join(", "),
                ),
                (
                    "org.opencontainers.image.version".to_owned(),
                    first.version.clone(),
                ),
            ]),
        },
        rootfs: RootFs {
            kind: "layers",
            diff_ids: [layer.digest.clone()],
        },
        history: [History {
            created_by: "kmembuild push --node-image",
        }],
    };
    let config = serde_json::to_vec(&config).unwrap_or_default();
    let config_descriptor = Descriptor::of(CONFIG_TYPE, &config);
    for (blob, source) in [
        (&layer, BlobSource::File(layer_file)),
        (&config_descriptor, BlobSource::Bytes(config.into())),
    ] {
        count.blob(blob, at.put(blob, &source, None).await?);
    }
    let mut manifest = Manifest::of_artifact(LAYER, vec![layer]);
    (manifest.artifact_type, manifest.config) = (None, config_descriptor);
    let document = Document::from(manifest);
    let own = checked_tag(&format!("{tag}-{architecture}"))?;
    count.document(at.put_document(&document, Some(&own)).await?);
    let digest = document.descriptor.digest.to_string();
    count.tag(named(&at, &own), digest, "image");
    let entry = entry(&document.descriptor, &first.name, &first.version, &platform);
    let index = add(&entry, &tag, NODE_IMAGE, &at, &count).await?;
    count.tag(named(&at, &tag), index.digest.to_string(), "image");
    Ok(count.finish())
}

/// Writes the layer: always in the same order, with the same owner and time.
fn write_layer(
    path: &Path,
    script: &str,
    binaries: &[NodeBinary],
    paths: &[PathBuf],
) -> Result<Descriptor, DistributionError> {
    let failed = |source| unwritable(path, source);
    let mut archive = tar::Builder::new(File::create_new(path).map_err(failed)?);
    append(&mut archive, &format!("{FOLDER}/"), 0, &mut io::empty()).map_err(failed)?;
    for (binary, path) in binaries.iter().zip(paths) {
        let unreadable = |source| DistributionError::Unreadable {
            path: path.clone(),
            source,
        };
        // The binary is what was looked at: the script has its checksum, and refuses another one.
        let folder = path.parent().unwrap_or(path);
        let mut file = inside(folder, &binary.name)
            .and_then(|path| regular_file::open(&path))
            .map_err(unreadable)?;
        let name = format!("{FOLDER}/{}", binary.name);
        append(&mut archive, &name, binary.size, &mut file).map_err(unreadable)?;
    }
    let name = format!("{FOLDER}/{SCRIPT}");
    let mut text = script.as_bytes();
    append(&mut archive, &name, text.len() as u64, &mut text).map_err(failed)?;
    let mut file = archive.into_inner().map_err(failed)?;
    file.flush().map_err(failed)?;
    let (size, sha256) = regular_file::open(path)
        .and_then(sha256_of)
        .map_err(failed)?;
    // What `sha256_of` wrote is a digest.
    let digest = Digest::from_hex(&sha256).unwrap_or_else(|| Digest::of(&[]));
    Ok(Descriptor::new(LAYER, digest, size))
}

fn append(
    archive: &mut tar::Builder<File>,
    name: &str,
    size: u64,
    content: &mut dyn io::Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(if name.ends_with('/') {
        tar::EntryType::Directory
    } else {
        tar::EntryType::Regular
    });
    header.set_path(name)?;
    header.set_mode(0o755);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    let mut counted = io::Read::take(content, size);
    archive.append(&header, &mut counted)?;
    if io::Read::read(&mut counted, &mut [0])? != 0 || counted.limit() != 0 {
        return Err(io::Error::other("it is not as long as it was"));
    }
    Ok(())
}

fn unwritable(path: &Path, source: io::Error) -> DistributionError {
    DistributionError::Unwritable {
        path: path.to_owned(),
        source,
    }
}
