//! Root file systems for podman: it takes no configuration with an import, so they come to it as archives of images.

use std::collections::BTreeMap;
use std::io::{self, SeekFrom};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};
use tokio_util::io::ReaderStream;

use super::client::Client;
use crate::checksum::{hex, sha256_hex};
use crate::engine::{ByteStream, EngineError, Image};

/// Size of a block of an archive, in bytes.
const BLOCK: u64 = 512;
/// Name of the layer in the archive.
const LAYER: &str = "layer.tar";

impl Client {
    /// Loads a root file system as an image of one layer and gives it a name. The root is kept on this machine meanwhile: what
    /// comes first in an archive says how long it is, and what it is.
    pub(super) async fn load_root(
        &self,
        name: &str,
        mut root: ByteStream,
        environment: &BTreeMap<String, String>,
        labels: &BTreeMap<String, String>,
        architecture: &str,
    ) -> Result<Image, EngineError> {
        let operation = format!("import image {name}");
        let not_kept = |source: io::Error| EngineError::Refused {
            operation: operation.clone(),
            source: Box::new(source),
        };
        let mut file = File::from_std(tempfile::tempfile().map_err(not_kept)?);
        let (mut digest, mut size) = (Sha256::new(), 0);
        while let Some(part) = root.next().await {
            let part = part.map_err(|source| EngineError::Unreadable {
                operation: operation.clone(),
                source,
            })?;
            digest.update(&part);
            size += part.len() as u64;
            file.write_all(&part).await.map_err(not_kept)?;
        }
        file.flush().await.map_err(not_kept)?;
        file.seek(SeekFrom::Start(0)).await.map_err(not_kept)?;
        let layer = format!("sha256:{}", hex(&digest.finalize()));
        let variables = environment.iter();
        let variables: Vec<_> = variables
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "config": {"Env": variables, "Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": [layer]},
        });
        let config = config.to_string();
        let id = format!("sha256:{}", sha256_hex(config.as_bytes()));
        let manifest = json!([{"Config": "config.json", "RepoTags": [], "Layers": [LAYER]}]);
        let mut head = entry("manifest.json", manifest.to_string().as_bytes());
        head.extend(entry("config.json", config.as_bytes()));
        head.extend(header(LAYER, size));
        // The last block is filled up, and two empty ones end the archive.
        let end = vec![0; usize::try_from(padding(size) + 2 * BLOCK).unwrap_or_default()];
        let archive = stream::iter([Ok(Bytes::from(head))])
            .chain(ReaderStream::with_capacity(file, 64 << 10))
            .chain(stream::iter([Ok(Bytes::from(end))]));
        self.load(&operation, archive.boxed()).await?;
        self.tag(&id, name).await?;
        self.existing_image(&id).await
    }
}

/// A small file of an archive.
fn entry(name: &str, content: &[u8]) -> Vec<u8> {
    let size = content.len() as u64;
    let mut entry = header(name, size);
    entry.extend(content);
    entry.extend(vec![0; usize::try_from(padding(size)).unwrap_or_default()]);
    entry
}

fn header(name: &str, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    // These names are short.
    let _ = header.set_path(name);
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    header.as_bytes().to_vec()
}

/// Bytes that fill up the last block of a file.
fn padding(size: u64) -> u64 {
    size.next_multiple_of(BLOCK) - size
}
