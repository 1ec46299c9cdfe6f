//! Archives of images that want to write where they may not: none does.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use bytes::Bytes;
use kmembuild::engine::{EngineError, ImageSource};
use tokio_util::sync::CancellationToken;

use super::place::{engine, names};
use crate::support::recorder::Recorder;
use crate::support::small_image::write_image;

/// An entry as its bytes are: no library that checks names has written it.
#[derive(Clone)]
struct Raw {
    kind: u8,
    name: Vec<u8>,
    link: Vec<u8>,
    mode: u32,
    size: Option<u64>,
    content: Vec<u8>,
}

fn entry(kind: u8, name: &str, link: &str) -> Raw {
    Raw {
        kind,
        name: name.as_bytes().to_vec(),
        link: link.as_bytes().to_vec(),
        mode: 0o755,
        size: None,
        content: Vec::new(),
    }
}

fn file(name: &str) -> Raw {
    Raw {
        content: b"planted".to_vec(),
        ..entry(b'0', name, "")
    }
}

fn dir(name: &str) -> Raw {
    entry(b'5', name, "")
}

fn symlink(name: &str, to: &str) -> Raw {
    entry(b'2', name, to)
}

fn hard(name: &str, to: &str) -> Raw {
    entry(b'1', name, to)
}

fn long(kind: u8, text: &str) -> Raw {
    Raw {
        content: [text.as_bytes(), b"\0"].concat(),
        ..entry(kind, "././@LongLink", "")
    }
}

fn pax(records: &[(&str, &str)]) -> Raw {
    let mut content = Vec::new();
    for (key, value) in records {
        let rest = format!(" {key}={value}\n");
        let mut length = rest.len() + 1;
        while format!("{length}{rest}").len() != length {
            length += 1;
        }
        content.extend(format!("{length}{rest}").into_bytes());
    }
    Raw {
        content,
        ..entry(b'x', "pax", "")
    }
}

fn bytes(entries: &[Raw]) -> Bytes {
    let mut all = Vec::new();
    for raw in entries {
        let mut header = tar::Header::new_gnu();
        {
            let old = header.as_old_mut();
            let name = &raw.name[..raw.name.len().min(100)];
            old.name[..name.len()].copy_from_slice(name);
            let link = &raw.link[..raw.link.len().min(100)];
            old.linkname[..link.len()].copy_from_slice(link);
        }
        header.set_entry_type(tar::EntryType::new(raw.kind));
        header.set_mode(raw.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1_500_000_000);
        header.set_size(raw.size.unwrap_or(raw.content.len() as u64));
        header.set_cksum();
        all.extend_from_slice(header.as_bytes());
        all.extend_from_slice(&raw.content);
        all.resize(all.len().next_multiple_of(512), 0);
    }
    all.resize(all.len() + 1024, 0);
    all.into()
}

/// What becomes of an archive.
enum Fate {
    /// It makes no image, for a reason that says this.
    Refused(&'static str),
    /// It makes an image; what it wanted to write outside is inside of it, or nowhere.
    Harmless,
}

use Fate::{Harmless, Refused};

const OUT: &str = "leads out of the tree";

/// The corpus. `outside` is a directory of this machine with a file `precious` in it.
#[expect(clippy::too_many_lines, reason = "a table")]
fn corpus(outside: &str) -> Vec<(&'static str, Vec<Raw>, Fate)> {
    let up = format!("{}{outside}", "../".repeat(40).trim_end_matches('/'));
    let precious = format!("{outside}/precious");
    let inner = outside.trim_start_matches('/');
    let deep = |count: usize| "d/".repeat(count);
    let node = |kind, name| entry(kind, name, "");
    let sized = |name: &str, size| Raw {
        size: Some(size),
        ..entry(b'0', name, "")
    };
    vec![
        ("a name with ..", vec![file("../planted")], Refused(OUT)),
        (
            "many ..",
            vec![long(b'L', &format!("{up}/planted")), file("x")],
            Refused(OUT),
        ),
        (
            ".. in the middle",
            vec![dir("a"), file("a/../../planted")],
            Refused(OUT),
        ),
        (".. at the end", vec![dir("a/..")], Refused(OUT)),
        (
            "an absolute name",
            vec![long(b'L', &precious), file("x")],
            Refused(OUT),
        ),
        ("an absolute directory", vec![dir("/etc")], Refused(OUT)),
        (
            "an absolute name by pax",
            vec![pax(&[("path", &precious)]), file("x")],
            Refused(OUT),
        ),
        (
            ".. by pax",
            vec![pax(&[("path", "../../planted")]), file("x")],
            Refused(OUT),
        ),
        (
            "through an absolute link",
            vec![dir(inner), symlink("out", outside), file("out/planted")],
            Harmless,
        ),
        (
            "through an absolute link to what is not inside",
            vec![symlink("out", outside), file("out/planted")],
            Refused("could not write"),
        ),
        (
            "over an absolute link",
            vec![symlink("x", &precious), file("x")],
            Harmless,
        ),
        (
            "through a link with ..",
            vec![
                dir(inner),
                long(b'K', &up),
                symlink("out", ""),
                file("out/planted"),
            ],
            Harmless,
        ),
        (
            "through two links",
            vec![
                dir(inner),
                symlink("a", "b"),
                symlink("b", outside),
                file("a/planted"),
            ],
            Harmless,
        ),
        (
            "a link in the place of a directory",
            vec![
                dir(inner),
                dir("a"),
                symlink("a", outside),
                file("a/planted"),
            ],
            Harmless,
        ),
        (
            "a directory over a link",
            vec![symlink("a", outside), dir("a"), file("a/planted")],
            Harmless,
        ),
        (
            "a link to /",
            vec![symlink("root", "/"), file("root/planted")],
            Harmless,
        ),
        (
            "a loop of links",
            vec![symlink("a", "b"), symlink("b", "a"), file("a/x")],
            Refused("could not write"),
        ),
        (
            "a link to itself",
            vec![symlink("a", "a"), file("a/x")],
            Refused("could not write"),
        ),
        (
            "a link to /proc",
            vec![symlink("p", "/proc/self/root"), file("p/planted")],
            Refused("could not write"),
        ),
        (
            "a hard link out",
            vec![hard("x", &precious)],
            Refused("its link leads out"),
        ),
        (
            "a hard link with ..",
            vec![long(b'K', &format!("{up}/precious")), hard("x", "")],
            Refused("its link leads out"),
        ),
        (
            "a hard link by pax",
            vec![pax(&[("linkpath", &precious)]), hard("x", "y")],
            Refused("its link leads out"),
        ),
        (
            "a hard link through a link",
            vec![symlink("out", outside), hard("x", "out/precious")],
            Refused("not there before it"),
        ),
        (
            "a hard link to a link",
            vec![symlink("l", &precious), hard("x", "l"), file("x")],
            Harmless,
        ),
        (
            "a hard link to nothing",
            vec![hard("x", "nowhere")],
            Refused("not there before it"),
        ),
        (
            "a hard link to a directory",
            vec![dir("a"), hard("x", "a")],
            Refused("could not write"),
        ),
        (
            "a hard link to itself",
            vec![hard("x", "x")],
            Refused("not there before it"),
        ),
        (
            "a character device",
            vec![node(b'3', "etc/disk")],
            Refused("it is a device"),
        ),
        (
            "a block device",
            vec![node(b'4', "disk")],
            Refused("it is a device"),
        ),
        (
            "a whiteout of overlayfs",
            vec![node(b'3', "gone")],
            Refused("it is a device"),
        ),
        (
            "devices where a session has its own",
            vec![dir("dev"), node(b'3', "dev/null"), node(b'4', "dev/sda")],
            Harmless,
        ),
        (
            "a device below dev",
            vec![node(b'4', "dev/a/sda")],
            Refused("it is a device"),
        ),
        (
            "a sparse file",
            vec![entry(b'S', "x", "")],
            Refused("sparse"),
        ),
        (
            "a sparse file by pax",
            vec![pax(&[("GNU.sparse.major", "1")]), file("x")],
            Refused("sparse"),
        ),
        (
            "a huge file",
            vec![sized("x", 1 << 40)],
            Refused("there are more than"),
        ),
        (
            "a file that is cut",
            vec![sized("x", 1 << 20)],
            Refused("could not"),
        ),
        (
            "two sizes",
            vec![pax(&[("size", "99999999999")]), file("x")],
            Refused("two different sizes"),
        ),
        (
            "a size that is none",
            vec![pax(&[("size", "-1")]), file("x")],
            Refused("a number in its header"),
        ),
        (
            "an owner that is none",
            vec![pax(&[("uid", "99999999999")]), file("x")],
            Refused("a number in its header"),
        ),
        (
            "a deep tree",
            vec![long(b'L', &deep(400)), dir("x")],
            Refused("nested"),
        ),
        (
            "a tree made deep by links",
            {
                let one = deep(200);
                let link = long(b'K', &format!("/{one}"));
                let all = format!("l/{one}");
                vec![
                    long(b'L', &one),
                    dir("x"),
                    link,
                    symlink("l", ""),
                    long(b'L', &all),
                    dir("x"),
                ]
            },
            Refused("nested"),
        ),
        (
            "a long name",
            vec![long(b'L', &"x".repeat(5000)), file("x")],
            Refused("its name has more than"),
        ),
        (
            "a long component",
            vec![long(b'L', &"x".repeat(300)), file("x")],
            Refused("could not write"),
        ),
        (
            "a huge header",
            vec![Raw {
                size: Some(1 << 33),
                ..entry(b'L', "x", "")
            }],
            Refused(""),
        ),
        (
            "huge attributes",
            vec![
                pax(&[("SCHILY.xattr.user.x", &"x".repeat(2 << 20))]),
                file("x"),
            ],
            Refused("attributes"),
        ),
        (
            "an unknown kind",
            vec![entry(b'Z', "x", "")],
            Refused("is unsupported"),
        ),
        (
            "a zero in a name",
            vec![pax(&[("path", "a\0/../b")]), file("x")],
            Refused(""),
        ),
        (
            "a file below a file",
            vec![file("a"), file("a/b")],
            Refused("could not write"),
        ),
        ("a whiteout of ..", vec![file(".wh...")], Refused(OUT)),
        ("a whiteout of .", vec![file(".wh..")], Refused(OUT)),
        (
            "a whiteout through a link",
            vec![
                dir(inner),
                symlink("out", outside),
                file("out/.wh.precious"),
            ],
            Harmless,
        ),
        (
            "an opaque directory through a link",
            vec![
                dir(inner),
                symlink("out", outside),
                file("out/.wh..wh..opq"),
            ],
            Harmless,
        ),
        (
            "an opaque root",
            vec![file("a"), file(".wh..wh..opq")],
            Harmless,
        ),
        (
            "administration of aufs",
            vec![dir(".wh..wh.plnk"), file(".wh..wh.aufs")],
            Harmless,
        ),
        (
            "attributes of overlayfs",
            vec![
                pax(&[
                    ("SCHILY.xattr.trusted.overlay.redirect", precious.as_str()),
                    ("SCHILY.xattr.user.overlay.opaque", "y"),
                ]),
                dir("a"),
            ],
            Harmless,
        ),
        (
            "the rights of others",
            vec![Raw {
                mode: 0o6777,
                ..file("sh")
            }],
            Harmless,
        ),
        (
            "a root that nobody may enter",
            vec![
                Raw {
                    mode: 0,
                    ..dir("./")
                },
                file("a"),
            ],
            Harmless,
        ),
        (
            "one name many times",
            vec![
                file("a"),
                dir("a"),
                symlink("a", outside),
                file("a"),
                hard("b", "a"),
                file("b"),
            ],
            Harmless,
        ),
        (
            "the same place inside",
            vec![long(b'L', &format!("{inner}/precious")), file("x")],
            Harmless,
        ),
        (
            "a pipe",
            vec![entry(b'6', "pipe", ""), file("pipe")],
            Harmless,
        ),
        ("nothing at all", vec![], Harmless),
    ]
}

/// Everything below a directory: kind, rights, size and time of change by path.
fn everything(directory: &Path) -> BTreeMap<String, (u32, u64, i64, i64)> {
    let mut found = BTreeMap::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        let entries = match fs::read_dir(&directory) {
            // An ordinary user cannot look into what a layer has closed; nothing outside is.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => continue,
            entries => entries.unwrap(),
        };
        for entry in entries.flatten() {
            let known = fs::symlink_metadata(entry.path()).unwrap();
            let facts = (
                known.mode(),
                known.size(),
                known.ctime(),
                known.ctime_nsec(),
            );
            found.insert(entry.path().display().to_string(), facts);
            if known.is_dir() {
                directories.push(entry.path());
            }
        }
    }
    found
}

#[tokio::test]
async fn no_archive_writes_outside_of_the_cache() {
    let (folder, engine) = engine().await;
    let outside = folder.path().join("outside");
    fs::create_dir_all(outside.join("below")).unwrap();
    fs::write(outside.join("precious"), "mine").unwrap();
    fs::write(outside.join("below/file"), "mine too").unwrap();
    let before = everything(&outside);
    let etc = everything(Path::new("/etc"));
    let images = folder.path().join("cache/runtime/images");
    let corpus = corpus(outside.to_str().unwrap());
    assert!(corpus.len() >= 40, "{}", corpus.len());
    for (name, entries, fate) in corpus {
        let archive = folder.path().join("image.tar");
        let id = write_image(&archive, &[bytes(&entries)], None);
        let source = ImageSource::Archive {
            file: archive.clone(),
            layers: None,
        };
        let (recorder, cancel) = (Recorder::default(), CancellationToken::new());
        let provided = engine.provide(&id, source, &recorder, &cancel).await;
        match (fate, provided) {
            (Refused(reason), Err(error @ EngineError::Refused { .. })) => {
                let said = kmembuild::failure::with_causes(&error);
                assert!(said.contains(reason), "{name}: {said}");
                assert_eq!(names(&images), [""; 0], "{name}");
            }
            (Harmless, Ok(Some(image))) => {
                assert_eq!(image.id, id, "{name}");
                assert_eq!(names(&images).len(), 1, "{name}");
                for thing in engine.leftovers().await.unwrap() {
                    engine.remove(&thing).await.unwrap();
                }
                assert_eq!(names(&images), [""; 0], "{name}");
            }
            (Refused(_), other) => panic!("{name} is not refused: {other:?}"),
            (Harmless, other) => panic!("{name} makes no image: {other:?}"),
        }
        assert_eq!(everything(&outside), before, "{name}");
        fs::remove_file(archive).unwrap();
        let all = names(folder.path());
        assert_eq!(all, ["cache", "outside"], "{name}");
        assert_eq!(names(&folder.path().join("cache")), ["runtime"], "{name}");
    }
    assert_eq!(everything(Path::new("/etc")), etc);
    assert!(!Path::new("/planted").exists());
}
