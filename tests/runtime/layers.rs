//! Layers over each other give the files that every other tool makes of them.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::PathBuf;

use bytes::Bytes;
use flate2::write::GzEncoder;
use kmembuild::engine::{EngineError, ImageSource};
use tar::EntryType;
use tokio_util::sync::CancellationToken;

use super::place::{engine, names};
use crate::support::recorder::Recorder;
use crate::support::small_image::write_image;

/// Kind, path, target or content, permissions and owner.
pub type File<'a> = (EntryType, &'a str, &'a str, u32, u64);

pub fn layer(files: &[File<'_>]) -> Bytes {
    let mut archive = tar::Builder::new(Vec::new());
    for &(kind, path, text, mode, owner) in files {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(owner);
        header.set_gid(owner + 1);
        header.set_mtime(1_600_000_000);
        if kind.is_file() {
            header.set_size(text.len() as u64);
            archive
                .append_data(&mut header, path, text.as_bytes())
                .unwrap();
        } else if text.is_empty() {
            header.set_size(0);
            archive
                .append_data(&mut header, path, std::io::empty())
                .unwrap();
        } else {
            header.set_size(0);
            archive.append_link(&mut header, path, text).unwrap();
        }
    }
    archive.into_inner().unwrap().into()
}

const FILE: EntryType = EntryType::Regular;
const DIR: EntryType = EntryType::Directory;

#[tokio::test]
async fn layers_are_put_over_each_other() {
    let (folder, engine) = engine().await;
    let long = format!("{}/file", "long-name-".repeat(20));
    let lower = layer(&[
        (DIR, "usr/lib", "", 0o755, 0),
        (EntryType::Symlink, "lib", "usr/lib", 0o777, 0),
        (FILE, "etc/kept", "kept", 0o640, 7),
        (FILE, "etc/gone", "gone", 0o644, 0),
        (FILE, "opaque/old", "old", 0o644, 0),
        (FILE, "opaque/deep/old", "old", 0o644, 0),
        (FILE, "directory/below", "x", 0o644, 0),
        (FILE, "bin/su", "program", 0o4755, 0),
        (EntryType::Link, "bin/also-su", "bin/su", 0o4755, 0),
        (EntryType::Fifo, "pipe", "", 0o600, 0),
        (FILE, &long, "long", 0o644, 0),
    ]);
    let upper = layer(&[
        (FILE, "etc/.wh.gone", "", 0o644, 0),
        // Before and after what this layer has in the directory itself.
        (FILE, "opaque/new", "new", 0o644, 0),
        (FILE, "opaque/.wh..wh..opq", "", 0o644, 0),
        (FILE, "opaque/deep/new", "new", 0o644, 0),
        (FILE, "lib/through-the-link", "x", 0o644, 0),
        (FILE, ".wh.directory", "", 0o644, 0),
        (FILE, "etc/.wh.never-there", "", 0o644, 0),
        (DIR, "etc", "", 0o700, 3),
    ]);
    let file = folder.path().join("image.tar");
    let id = write_image(&file, &[lower, upper], None);
    let (recorder, cancel) = (Recorder::default(), CancellationToken::new());
    let source = ImageSource::Archive { file, layers: None };
    let image = engine.provide(&id, source, &recorder, &cancel).await;
    let image = image.unwrap().unwrap();
    assert_eq!(image.content.layers.len(), 2);
    assert_eq!(image.content.environment, ["PATH=/bin"]);
    let hex = id.trim_start_matches("sha256:");
    let root = folder
        .path()
        .join("cache/runtime/images")
        .join(hex)
        .join("root");
    let at = |name: &str| -> PathBuf { root.join(name) };
    let read = |name: &str| fs::read_to_string(at(name)).unwrap();
    assert_eq!(names(&at("etc")), ["kept"]);
    assert_eq!(names(&at("opaque")), ["deep", "new"]);
    assert_eq!(names(&at("opaque/deep")), ["new"]);
    assert_eq!(names(&at("usr/lib")), ["through-the-link"]);
    assert_eq!(
        fs::read_link(at("lib")).unwrap().as_os_str(),
        OsStr::new("usr/lib")
    );
    assert!(!at("directory").exists());
    assert_eq!(read(&long), "long");
    let kept = fs::metadata(at("etc/kept")).unwrap();
    assert_eq!(
        (kept.mode() & 0o7777, kept.uid(), kept.gid()),
        (0o640, 7, 8)
    );
    assert_eq!(kept.mtime(), 1_600_000_000);
    let etc = fs::metadata(at("etc")).unwrap();
    assert_eq!(
        (etc.mode() & 0o7777, etc.uid(), etc.mtime()),
        (0o700, 3, 1_600_000_000)
    );
    let (su, also) = (
        fs::metadata(at("bin/su")).unwrap(),
        fs::metadata(at("bin/also-su")).unwrap(),
    );
    assert_eq!(su.mode() & 0o7777, 0o4755);
    assert_eq!((su.ino(), su.nlink()), (also.ino(), 2));
    assert!(
        fs::symlink_metadata(at("pipe"))
            .unwrap()
            .file_type()
            .is_fifo()
    );
    // Programs with the rights of others are not for the users of this machine.
    let place = fs::metadata(root.parent().unwrap()).unwrap();
    assert_eq!(place.mode() & 0o777, 0o700);
    // What was noted while files were written is what is read from them now.
    let checked = engine.check_images(&cancel).await.unwrap();
    assert_eq!(checked.len(), 1);
    assert_eq!(checked[0].problem, None);
}

/// An image of another version of the tool, which may have kept something else, is unpacked anew.
#[tokio::test]
async fn an_image_in_another_format_is_replaced() {
    let (folder, engine) = engine().await;
    let file = folder.path().join("image.tar");
    let id = write_image(&file, &[layer(&[(FILE, "a", "text", 0o644, 0)])], None);
    let (recorder, cancel) = (Recorder::default(), CancellationToken::new());
    let source = || ImageSource::Archive {
        file: file.clone(),
        layers: None,
    };
    let provided = engine.provide(&id, source(), &recorder, &cancel).await;
    let image = provided.unwrap().unwrap();
    let images = folder.path().join("cache/runtime/images");
    let place = images.join(&names(&images)[0]);
    let record = place.join("image.json");
    let text = fs::read_to_string(&record).unwrap();
    let old = text.replace("\"format\":3", "\"format\":2");
    assert_ne!(old, text);
    fs::write(&record, old).unwrap();
    fs::write(place.join("root/a"), "another").unwrap();
    assert_eq!(engine.image(&id).await.unwrap(), None);
    let provided = engine.provide(&id, source(), &recorder, &cancel).await;
    assert_eq!(provided.unwrap().unwrap(), image);
    assert_eq!(engine.image(&id).await.unwrap(), Some(image));
    assert_eq!(fs::read_to_string(place.join("root/a")).unwrap(), "text");
    assert_eq!(names(&images).len(), 1);
}

#[tokio::test]
async fn compressed_layers_are_the_same() {
    let (folder, engine) = engine().await;
    let plain = layer(&[(FILE, "a", "text", 0o644, 0)]);
    let digest = format!("sha256:{}", kmembuild::checksum::sha256_hex(&plain));
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&plain).unwrap();
    let zstd = zstd::stream::encode_all(&*plain, 3).unwrap();
    for layer in [gzip.finish().unwrap(), zstd] {
        let file = folder.path().join("image.tar");
        let id = write_image(&file, &[layer.into()], Some(vec![digest.clone()]));
        let (recorder, cancel) = (Recorder::default(), CancellationToken::new());
        let source = ImageSource::Archive { file, layers: None };
        let image = engine.provide(&id, source, &recorder, &cancel).await;
        assert_eq!(image.unwrap().unwrap().content.layers, [digest.as_str()]);
        for thing in engine.leftovers().await.unwrap() {
            engine.remove(&thing).await.unwrap();
        }
    }
}

#[tokio::test]
async fn another_image_than_the_named_one_is_none() {
    let (folder, engine) = engine().await;
    let file = folder.path().join("image.tar");
    write_image(&file, &[layer(&[])], None);
    let (recorder, cancel) = (Recorder::default(), CancellationToken::new());
    let other = format!("sha256:{}", "0".repeat(64));
    let source = || ImageSource::Archive {
        file: file.clone(),
        layers: None,
    };
    let error = engine.provide(&other, source(), &recorder, &cancel).await;
    assert!(
        matches!(error, Err(EngineError::NoImage { .. })),
        "{error:?}"
    );
    // One that is stopped is none either.
    cancel.cancel();
    let stopped = engine.provide(&other, source(), &recorder, &cancel).await;
    assert!(stopped.unwrap().is_none());
    assert_eq!(names(&folder.path().join("cache/runtime/images")), [""; 0]);
}
