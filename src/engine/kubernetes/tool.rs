//! The image with this tool: one file, from which an init container copies itself into the pod.

use std::fs::File;
use std::io;
use std::path::Path;

use serde_json::json;

use super::engine::KubernetesEngine;
use super::images::{blocking, unwritable};
use crate::checksum::sha256_of;
use crate::engine::cluster_error::ClusterError;
use crate::engine::error::EngineError;
use crate::events::{Sink, Stage};
use crate::regular_file;
use crate::transport::Digest;
use crate::verify::{Linkage, inspect};

/// The program in the image.
const PROGRAM: &str = "kmembuild";
/// Digits of the program's digest in its tag.
const DIGITS: usize = 32;

impl KubernetesEngine {
    /// Pushes the image with the static program, and returns its reference by digest as this machine names it.
    pub(super) async fn push_tool(&self, sink: &dyn Sink) -> Result<String, EngineError> {
        let program = self.settings.program.clone();
        let stage = Stage::begin(sink, "tool", format!("image with {}", program.display()));
        let from = program.clone();
        let sha256 = blocking(move || digest_of(&from)).await?;
        let name = format!("{PROGRAM}-{}", &sha256[..DIGITS]);
        let digest = match self.kept(&name, sink).await {
            Some(digest) => digest,
            None => self.pack_and_push(&program, &name, sink).await?,
        };
        let reference = format!("{}/images@{digest}", self.prefix);
        stage.end(reference.clone());
        Ok(reference)
    }

    async fn pack_and_push(
        &self,
        program: &Path,
        name: &str,
        sink: &dyn Sink,
    ) -> Result<Digest, EngineError> {
        let spool = self.spool()?;
        let layer = spool.path().join("layer");
        let (from, to) = (program.to_owned(), layer.clone());
        let written = blocking(move || {
            refuse_dynamic(&from)?;
            write_layer(&from, &to)
        });
        written.await?;
        let config = json!({"Entrypoint": [format!("/{PROGRAM}")]});
        let digest = self.push_image(name, config, &layer, sink).await?;
        self.note(name, &digest)?;
        Ok(digest)
    }
}

fn unreadable(program: &Path) -> impl Fn(io::Error) -> ClusterError {
    let path = program.to_owned();
    move |source| ClusterError::Program {
        path: path.clone(),
        source: Box::new(source),
    }
}

fn digest_of(program: &Path) -> Result<String, ClusterError> {
    let read = regular_file::open(program).and_then(sha256_of);
    let (_, sha256) = read.map_err(unreadable(program))?;
    Ok(sha256)
}

/// A program that needs libraries would not start in an image that has nothing, and not in every toolchain image.
fn refuse_dynamic(program: &Path) -> Result<(), ClusterError> {
    let findings = inspect(program).map_err(|source| ClusterError::Program {
        path: program.to_owned(),
        source: Box::new(source),
    })?;
    if matches!(findings.linkage, Some(Linkage::Static | Linkage::StaticPie)) {
        return Ok(());
    }
    Err(ClusterError::NotStatic {
        path: program.to_owned(),
    })
}

/// Writes the layer: the same program gives the same bytes.
fn write_layer(program: &Path, path: &Path) -> Result<(), ClusterError> {
    let mut content = regular_file::open(program).map_err(unreadable(program))?;
    let length = content.metadata().map_err(unreadable(program))?.len();
    let file = File::create_new(path).map_err(unwritable(path))?;
    let mut archive = tar::Builder::new(file);
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o755);
    header.set_size(length);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    let written = archive.append_data(&mut header, PROGRAM, &mut content);
    let written = written.and_then(|()| archive.finish());
    written.map_err(unwritable(path))
}
