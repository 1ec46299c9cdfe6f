//! The readers of what registries, layouts and repositories have.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use kmembuild::attestation::{PackageKey, PublicPackageKey};
use kmembuild::checksum::sha256_hex;
use kmembuild::delivery::packaging::PackageFormat;
use kmembuild::delivery::repositories::{RepositoryOrder, RepositoryPackage, publish_repositories};
use kmembuild::transport::{
    Access, ArtifactName, Content, Descriptor, Digest, Document, INDEX_TYPE, Index, MANIFEST_TYPE,
    Manifest, Place, Platform, REF_NAME, Reference, TITLE, Transport,
};
use serde_json::json;
use tokio::runtime;

use super::targets::{Reader, assert_word, place, text};
use crate::packaging::result::Published;
use crate::support::package_key::MadeKey;
use crate::support::recorder::Recorder;

/// When keys are read: after they were made.
const LATER: i64 = 4_000_000_000;
/// Most bytes of a blob that a reader asks for.
const LARGEST: u64 = 1 << 20;

static KEY: LazyLock<MadeKey> = LazyLock::new(|| MadeKey::new("ed25519", "sign"));

/// Names of artifacts, as people write them.
pub fn references() -> Vec<Vec<u8>> {
    [
        "registry.example/team/runc:v1.0.0-rc10",
        "http://127.0.0.1:5000/a/b_c--d/e",
        "[::1]:5000/x@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "oci:dist/layout:v1",
        "oci:/srv/a b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "https://localhost/team/kubelet:v1.15.5_a.b-c\nregistry.example:443/x",
    ]
    .map(|line| line.as_bytes().to_vec())
    .into()
}

pub fn reference() -> Reader {
    Box::new(|bytes| {
        for line in text(bytes).lines() {
            let Ok(read) = line.parse::<Reference>() else {
                continue;
            };
            if let Place::Repository(name) = &read.place {
                assert_word(&name.registry);
                assert_word(&name.repository);
                assert!(!name.repository.contains(".."), "{line:?}");
            }
            if let Some(name) = &read.name {
                assert_word(&name.to_string());
            }
            let again: Result<Reference, _> = read.to_string().parse();
            assert_eq!(again.ok().as_ref(), Some(&read), "{line:?}");
        }
    })
}

fn blob() -> Descriptor {
    Descriptor::of("application/octet-stream", b"content").annotated(TITLE, "runc")
}

/// Manifests and indexes.
pub fn documents() -> Vec<Vec<u8>> {
    let manifest = Document::from(Manifest::of_artifact(
        "application/vnd.a.v1",
        vec![blob(); 2],
    ));
    let mut named = manifest.descriptor.clone().annotated(REF_NAME, "v1");
    named.platform = Some(Platform::linux("amd64"));
    let index = Document::from(Index::new(None, vec![named.clone(), named]));
    vec![manifest.bytes, index.bytes]
}

/// Reads an input as the index of a layout, and as what the index of another one names.
pub fn document() -> Reader {
    let (directory, index_file) = place("index.json");
    let root = directory.path().to_owned();
    let blobs = root.join("blobs/sha256");
    fs::create_dir_all(&blobs).expect("a directory");
    fs::write(root.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("written");
    fs::write(blobs.join(sha256_hex(b"content")), "content").expect("written");
    let runtime = runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let tag = ArtifactName::tag("v1").expect("a tag");
    Box::new(move |bytes| {
        let _kept = &directory;
        let digest = Digest::of(bytes);
        let path = blobs.join(sha256_hex(bytes));
        fs::write(&path, bytes).expect("written");
        let entry = json!({
            "mediaType": MANIFEST_TYPE, "digest": digest, "size": bytes.len(),
            "annotations": {REF_NAME: "v1"},
        });
        let index = json!({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry]});
        for (index, is_named) in [
            (bytes.to_vec(), false),
            (index.to_string().into_bytes(), true),
        ] {
            fs::write(&index_file, index).expect("written");
            let sink = Recorder::default();
            let layout = Place::Layout(root.clone());
            runtime.block_on(async {
                let transport = Transport::default();
                let Ok(opened) = transport.open(&layout, Access::Read, &sink).await else {
                    return;
                };
                let amd64 = Platform::linux("amd64");
                let _ = opened.manifest_for(&tag, &amd64).await;
                let Ok(found) = opened.document(&tag).await else {
                    return;
                };
                assert!(!is_named || found.bytes == bytes, "other bytes");
                assert_eq!(found.descriptor.digest, Digest::of(&found.bytes));
                let layers = match found.content {
                    Content::Manifest(manifest) => manifest.layers,
                    Content::Index(index) => index.manifests,
                };
                for layer in layers.iter().take(3) {
                    if let Ok(read) = opened.fetch_bytes(layer, LARGEST).await {
                        assert_eq!(Digest::of(&read), layer.digest);
                        assert_eq!(read.len() as u64, layer.size);
                    }
                }
            });
        }
        fs::remove_file(path).expect("removed");
    })
}

/// Keys for packages, in all their forms.
pub fn package_keys() -> Vec<Vec<u8>> {
    let files = [KEY.secret(), KEY.binary(), KEY.public()];
    files.map(|path| fs::read(path).expect("a key")).into()
}

pub fn package_key() -> Reader {
    let (directory, file) = place("key");
    Box::new(move |bytes| {
        let _kept = &directory;
        fs::write(&file, bytes).expect("written");
        if let Ok(public) = PublicPackageKey::read_of_either(&file, LATER) {
            assert!(!public.fingerprint().is_empty());
            assert!(!public.verify_packet(b"content", bytes));
        }
        if let Ok(key) = PackageKey::read(&file, LATER) {
            let signed = key.sign_detached(b"content", 1_600_000_000);
            assert!(key.public().verify(b"content", &signed));
            assert!(!key.public().verify(b"others", &signed));
        }
    })
}

/// Packages, signed by the key.
pub fn packages() -> Vec<Vec<u8>> {
    let key = PackageKey::read(&KEY.secret(), LATER).expect("a key");
    let program = [b"\x7fELF".as_slice(), &[0; 64]].concat();
    let published = Published::of_bytes("runc", "v1.0.0-rc10", "runc", &program);
    let of = |format| fs::read(published.signed(format, &key)).expect("a package");
    vec![of(PackageFormat::Rpm), of(PackageFormat::Deb)]
}

/// Reads an input as a package, for a repository.
pub fn package() -> Reader {
    let (directory, rpm) = place("package.rpm");
    let deb = rpm.with_extension("deb");
    let key = PackageKey::read(&KEY.secret(), LATER).expect("a key");
    Box::new(move |bytes| {
        let root = directory.path().join("repositories");
        let is_deb = bytes.starts_with(b"!<arch>");
        let path: &PathBuf = if is_deb { &deb } else { &rpm };
        fs::write(path, bytes).expect("written");
        let name = |name: &str, chosen: bool| chosen.then(|| name.parse().expect("a name"));
        let order = RepositoryOrder {
            root: root.clone(),
            yum: name("el9", !is_deb),
            apt: name("stable", is_deb),
            url: None,
            keep: None,
            is_dry_run: false,
            key: &key,
            packages: vec![RepositoryPackage {
                path: path.clone(),
                size: bytes.len() as u64,
                sha256: sha256_hex(bytes),
            }],
        };
        if let Ok(published) = publish_repositories(&order) {
            for file in published.iter().flat_map(|repository| &repository.files) {
                assert_word(&file.path);
            }
            for package in published.iter().flat_map(|one| &one.package_names) {
                assert_word(package);
            }
        }
        fs::remove_dir_all(root).expect("removed");
        fs::remove_file(path).expect("removed");
        let left = fs::read_dir(directory.path()).expect("a directory");
        assert_eq!(left.count(), 0, "something is beside the repositories");
    })
}
