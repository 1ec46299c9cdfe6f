//! What is said about a result, attached to it, so that others find it without this tool.

use bytes::Bytes;

use super::error::DistributionError;
use super::files::LayerFile;
use super::pushed::Count;
use crate::attestation::{BUNDLE_TYPE, Envelope, PREDICATE_TYPE, sigstore_bundle};
use crate::recipe::{ENVELOPE, PROVENANCE, REPRODUCTION, SBOM};
use crate::regular_file;
use crate::transport::{BlobSource, Descriptor, Manifest, Repository, TITLE};

/// The files of a result that say something about it.
const STATEMENTS: [&str; 4] = [SBOM, PROVENANCE, ENVELOPE, REPRODUCTION];

/// File name of the signed provenance in the form of sigstore.
const BUNDLE: &str = "provenance.sigstore.json";
/// Largest envelope in bytes.
const LARGEST: u64 = 16 << 20;

/// Attaches the statements among the files of a result to its manifest. Their bytes are there already.
pub(super) async fn attach_statements(
    files: &[LayerFile],
    result: &Descriptor,
    at: &Repository<'_>,
    count: &Count,
) -> Result<(), DistributionError> {
    for file in files {
        if STATEMENTS.contains(&file.name()) {
            let kind = file.layer.media_type.clone();
            attach(&kind, std::slice::from_ref(file), result, at, count).await?;
        }
        if file.name() == ENVELOPE {
            attach_bundle(file, result, at, count).await?;
        }
    }
    Ok(())
}

/// Attaches the signed provenance in the form that cosign verifies, with the annotations by which it finds it.
async fn attach_bundle(
    envelope: &LayerFile,
    result: &Descriptor,
    at: &Repository<'_>,
    count: &Count,
) -> Result<(), DistributionError> {
    let unreadable = |source| DistributionError::Unreadable {
        path: envelope.path.clone(),
        source,
    };
    let text = regular_file::read(&envelope.path, LARGEST).map_err(unreadable)?;
    let envelope = serde_json::from_slice::<Envelope>(&text);
    let bundle = sigstore_bundle(&envelope.map_err(|error| unreadable(error.into()))?);
    let layer = Descriptor::of(BUNDLE_TYPE, bundle.as_bytes()).annotated(TITLE, BUNDLE);
    let source = BlobSource::Bytes(Bytes::from(bundle));
    count.blob(&layer, at.put(&layer, &source, None).await?);
    let mut manifest = attached_to(result, Manifest::of_artifact(BUNDLE_TYPE, vec![layer]));
    for (name, value) in [
        ("dev.sigstore.bundle.content", "dsse-envelope"),
        ("dev.sigstore.bundle.predicateType", PREDICATE_TYPE),
    ] {
        manifest
            .annotations
            .insert(name.to_owned(), value.to_owned());
    }
    count.document(at.put_document(&manifest.into(), None).await?);
    Ok(())
}

/// Attaches an artifact with these files, which are there already.
pub(super) async fn attach(
    kind: &str,
    files: &[LayerFile],
    subject: &Descriptor,
    at: &Repository<'_>,
    count: &Count,
) -> Result<(), DistributionError> {
    let layers = files.iter().map(|file| file.layer.clone()).collect();
    let manifest = attached_to(subject, Manifest::of_artifact(kind, layers));
    count.document(at.put_document(&manifest.into(), None).await?);
    Ok(())
}

fn attached_to(subject: &Descriptor, mut manifest: Manifest) -> Manifest {
    let Descriptor {
        media_type,
        digest,
        size,
        ..
    } = subject;
    manifest.subject = Some(Descriptor::new(media_type, digest.clone(), *size));
    manifest
}
