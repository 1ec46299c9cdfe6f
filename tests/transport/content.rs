//! Blobs, manifests and what is attached to them, in a real registry and in a layout.

use std::fs;
use std::path::Path;

use kmembuild::events::Sink;
use kmembuild::transport::{
    Access, ArtifactName, BlobSource, Descriptor, Document, EMPTY, EMPTY_TYPE, Index, Manifest,
    Patience, Place, Platform, Reference, Repository, TITLE, Transport, TransportError,
};

use crate::support::recorder::Recorder;
use crate::support::registry::Registry;

const TYPE: &str = "application/vnd.kmembuild.test.v1";

/// Opens a place as a user without credentials has it.
pub async fn open<'a>(place: &str, access: Access, sink: &'a dyn Sink) -> Repository<'a> {
    let reference: Reference = place.parse().expect(place);
    let transport = Transport {
        patience: impatient(),
        ..Transport::default()
    };
    let opened = transport.open(&reference.place, access, sink).await;
    opened.expect("a place")
}

/// Waits for little: the registries of tests are on this machine.
pub fn impatient() -> Patience {
    Patience {
        stall: std::time::Duration::from_secs(2),
        attempts: 4,
        first_pause: std::time::Duration::from_millis(5),
        longest_pause: std::time::Duration::from_millis(20),
        longest_asked: std::time::Duration::from_secs(2),
    }
}

/// A tag.
pub fn tag(name: &str) -> ArtifactName {
    ArtifactName::tag(name).expect("a tag")
}

/// A text without repetitions, of that size.
pub fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x1234_5678_u32;
    let bytes = (0..size).map(|_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    });
    bytes.collect()
}

/// Puts an artifact with one file of these bytes, from a file of this machine, and returns its document.
pub async fn put(at: &Repository<'_>, folder: &Path, bytes: &[u8], name: Option<&str>) -> Document {
    let file = folder.join("file");
    fs::write(&file, bytes).unwrap();
    let layer = Descriptor::of("application/octet-stream", bytes).annotated(TITLE, "file");
    at.put(&layer, &BlobSource::File(file), None).await.unwrap();
    let empty = Descriptor::of(EMPTY_TYPE, EMPTY);
    let source = BlobSource::Bytes(EMPTY.into());
    at.put(&empty, &source, None).await.unwrap();
    let document = Document::from(Manifest::of_artifact(TYPE, vec![layer]));
    at.put_document(&document, name).await.unwrap();
    document
}

async fn round_trip(place: &str) {
    let (sink, folder) = (Recorder::default(), tempfile::tempdir().unwrap());
    let at = open(place, Access::Write, &sink).await;
    let bytes = noise(3 << 20);
    let absent = at.document(&tag("v1")).await.expect_err("nothing is there");
    assert!(absent.is_not_found(), "{absent}");
    assert_eq!(at.digest_of(&tag("v1")).await.unwrap(), None);

    let document = put(&at, folder.path(), &bytes, Some("v1")).await;
    let digest = document.descriptor.digest.clone();
    assert_eq!(
        at.digest_of(&tag("v1")).await.unwrap(),
        Some(digest.clone())
    );
    let back = at.document(&tag("v1")).await.unwrap();
    assert_eq!(back.bytes, document.bytes);
    assert_eq!(back.descriptor, document.descriptor);
    let layer = match &back.content {
        kmembuild::transport::Content::Manifest(manifest) => manifest.layers[0].clone(),
        other @ kmembuild::transport::Content::Index(_) => panic!("{other:?}"),
    };
    let file = folder.path().join("back");
    at.fetch_file(&layer, &file).await.unwrap();
    assert_eq!(fs::read(&file).unwrap(), bytes);
    let again = at.fetch_file(&layer, &file).await;
    assert!(matches!(again, Err(TransportError::Unwritable { .. })));

    // The same again moves nothing.
    let source = BlobSource::Bytes(bytes.clone().into());
    assert!(!at.put(&layer, &source, None).await.unwrap());
    assert!(!at.put_document(&document, Some("v1")).await.unwrap());

    // What a descriptor says wrongly is found out.
    let short = Descriptor {
        size: layer.size - 1,
        ..layer.clone()
    };
    let error = at
        .fetch_bytes(&short, u64::MAX)
        .await
        .expect_err("one byte more");
    assert!(
        matches!(
            error,
            TransportError::Size { .. } | TransportError::Digest { .. }
        ),
        "{error}"
    );
    let limited = at.fetch_bytes(&layer, 10).await.expect_err("too large");
    assert!(
        matches!(limited, TransportError::TooLarge { .. }),
        "{limited}"
    );

    // An index by platform, and what is attached.
    let mut entry = document.descriptor.clone();
    entry.platform = Some(Platform::linux("amd64"));
    let index = Document::from(Index::new(Some(TYPE), vec![entry]));
    at.put_document(&index, Some("all")).await.unwrap();
    let (found, _) = at
        .manifest_for(&tag("all"), &Platform::linux("amd64"))
        .await
        .unwrap();
    assert_eq!(found.digest, digest);
    let none = at
        .manifest_for(&tag("all"), &Platform::linux("arm64"))
        .await;
    let none = none.expect_err("not for it").to_string();
    assert!(
        none.contains("linux/arm64") && none.contains("linux/amd64"),
        "{none}"
    );

    assert_eq!(at.referrers(&digest).await.unwrap(), []);
    for kind in ["application/vnd.b", "application/vnd.a"] {
        let mut attached = Manifest::of_artifact(kind, vec![layer.clone()]);
        attached.subject = Some(document.descriptor.clone());
        let attached = attached.into();
        assert!(at.put_document(&attached, None).await.unwrap());
        assert!(!at.put_document(&attached, None).await.unwrap());
    }
    let attached = at.referrers(&digest).await.unwrap();
    let mut kinds: Vec<_> = attached
        .iter()
        .map(|entry| entry.artifact_type.clone().unwrap())
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["application/vnd.a", "application/vnd.b"]);
}

#[tokio::test]
async fn what_a_registry_is_given_comes_back() {
    let registry = Registry::start();
    round_trip(&format!("{}/team/tool", registry.address)).await;
}

#[tokio::test]
async fn what_a_layout_is_given_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layout");
    round_trip(&format!("oci:{}", path.display())).await;
    // Nothing half is left, and everybody may read the rest.
    for entry in fs::read_dir(path.join("blobs/sha256")).unwrap() {
        let name = entry.unwrap().file_name();
        assert_eq!(name.len(), 64, "{name:?}");
    }
}

#[tokio::test]
async fn a_blob_of_another_repository_is_not_sent_again() {
    let (registry, sink) = (Registry::start(), Recorder::default());
    let folder = tempfile::tempdir().unwrap();
    let bytes = noise(100_000);
    let one = open(&format!("{}/a/one", registry.address), Access::Write, &sink).await;
    put(&one, folder.path(), &bytes, None).await;
    let other = open(
        &format!("{}/a/other", registry.address),
        Access::Write,
        &sink,
    )
    .await;
    let blob = Descriptor::of("application/octet-stream", &bytes);
    // It could not be sent: there is no such file.
    let source = BlobSource::File(folder.path().join("none"));
    let place: Reference = format!("{}/a/one", registry.address).parse().unwrap();
    assert!(!other.put(&blob, &source, Some(&place.place)).await.unwrap());
    assert_eq!(other.fetch_bytes(&blob, 1 << 20).await.unwrap(), bytes);
}

#[tokio::test]
async fn a_file_that_is_another_one_meanwhile_is_never_published() {
    let (registry, sink) = (Registry::start(), Recorder::default());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "what it is now").unwrap();
    let blob = Descriptor::of("text/plain", b"what it was so");
    for place in [
        format!("{}/a/one", registry.address),
        format!("oci:{}", folder.path().join("layout").display()),
    ] {
        let at = open(&place, Access::Write, &sink).await;
        let source = BlobSource::File(file.clone());
        let error = at.put(&blob, &source, None).await.expect_err("other bytes");
        assert!(
            matches!(
                error,
                TransportError::Refused { status: 400, .. } | TransportError::Digest { .. }
            ),
            "{error}"
        );
        let error = at.fetch_bytes(&blob, 1 << 20).await.expect_err("nothing");
        assert!(error.is_not_found(), "{error}");
    }
}

#[tokio::test]
async fn a_directory_that_is_no_layout_is_left_alone() {
    let (sink, folder) = (Recorder::default(), tempfile::tempdir().unwrap());
    fs::write(folder.path().join("file"), "").unwrap();
    let place = Place::Layout(folder.path().to_owned());
    for access in [Access::Read, Access::Write] {
        let opened = Transport::default().open(&place, access, &sink).await;
        let error = opened.err().expect("it is not one");
        assert!(
            matches!(error, TransportError::NotALayout { .. }),
            "{error}"
        );
    }
    let mut entries = fs::read_dir(folder.path()).unwrap();
    assert_eq!(entries.next().unwrap().unwrap().file_name(), "file");
    assert!(entries.next().is_none());
}
