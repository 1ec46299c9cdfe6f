//! Toolchain images into a bundle.

use std::path::Path;

use serde_json::json;

use super::super::error::ReleaseError;
use super::registry::Wanted;
use crate::build::BuildError;
use crate::bundle::{BundleError, BundleWriter, BundledImage, BundledLayer};
use crate::engine::ImageContent;
use crate::execute::{Context, image_name, pack_root};
use crate::lockfile::LockedImage;
use crate::plan::{Plan, PlannedImage};
use crate::transport::{
    CONFIG_TYPE, Descriptor, Document, MANIFEST_TYPE, Manifest, Platform, Transport,
};

/// Puts the image of a plan into the bundle.
pub(super) async fn put_image(
    plan: &Plan,
    locked: &LockedImage,
    context: &Context<'_>,
    transport: &Transport,
    writer: &mut BundleWriter,
    spool: &Path,
) -> Result<BundledImage, ReleaseError> {
    let name = image_name(plan);
    let manifests = &locked.manifests;
    let locked = &locked.content;
    if let Some(known) = known_image(writer, &name, locked) {
        let layers = known.layers.iter().map(|layer| &layer.content);
        for blob in layers.chain([&known.configuration, &known.manifest]) {
            writer.takes(blob);
        }
        return Ok(known);
    }
    if let PlannedImage::Registry(base) = &plan.image {
        let wanted = Wanted {
            base,
            manifests,
            locked,
            transport,
            sink: context.sink,
        };
        return wanted.put(writer, spool).await;
    }
    let path = spool.join("root");
    let packed = pack_root(plan, &name, locked, &path, context).await;
    let packed = packed.map_err(BuildError::from)?;
    let Some(packed) = packed else {
        return Err(ReleaseError::NotCarried {
            what: format!("image {name}"),
            reason: "it is neither of a registry nor made of Debian packages".to_owned(),
        });
    };
    writer.put_file(&packed.content, &path)?;
    std::fs::remove_file(&path).map_err(|source| BundleError::Unwritable { path, source })?;
    let layer = BundledLayer {
        content: packed.content,
        unpacked: packed.unpacked,
        unpacked_size: packed.unpacked_size,
    };
    let (configuration, manifest) = put_documents(locked, &layer, writer)?;
    Ok(BundledImage {
        name,
        manifest,
        configuration,
        layers: vec![layer],
    })
}

/// What makes an image of a layer for other tools.
fn put_documents(
    locked: &ImageContent,
    layer: &BundledLayer,
    writer: &mut BundleWriter,
) -> Result<(Descriptor, Descriptor), ReleaseError> {
    let text = json!({
        "architecture": locked.architecture,
        "os": "linux",
        "config": {"Env": locked.environment},
        "rootfs": {"type": "layers", "diff_ids": locked.layers},
    });
    let text = text.to_string().into_bytes();
    let configuration = Descriptor::of(CONFIG_TYPE, &text);
    writer.put_bytes(&configuration, &text)?;
    let manifest = Document::from(Manifest {
        schema_version: 2,
        media_type: Some(MANIFEST_TYPE.to_owned()),
        artifact_type: None,
        config: configuration.clone(),
        layers: vec![layer.content.clone()],
        subject: None,
        annotations: [].into(),
    });
    writer.put_bytes(&manifest.descriptor, &manifest.bytes)?;
    Ok((configuration, manifest.descriptor))
}

/// The image as the earlier bundle has it, if that is the locked one.
fn known_image(writer: &BundleWriter, name: &str, locked: &ImageContent) -> Option<BundledImage> {
    let since = writer.since()?;
    let mut images = since.document().images.iter();
    let known = images.find(|image| image.name == name)?;
    let layers = known.layers.iter().map(|layer| layer.unpacked.to_string());
    layers
        .eq(locked.layers.iter().cloned())
        .then(|| known.clone())
}

/// What the index of the bundle has of an image.
pub(super) fn index_entry(image: &BundledImage, architecture: &str) -> (String, Descriptor) {
    let entry = Descriptor {
        platform: Some(Platform::linux(architecture)),
        ..image.manifest.clone()
    };
    (image.name.clone(), entry)
}
