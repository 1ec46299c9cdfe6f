//! What bundles look like, and how they are found in parts and in several files.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use kmembuild::bundle::{
    BundleDocument, BundleError, BundleWriter, BundledFile, Bundles, TEXT_TYPE, Written,
};
use kmembuild::transport::Descriptor;

use super::place::entries;

/// Writes a bundle of these texts, whose names are their paths.
pub fn write(
    path: &Path,
    texts: &[(&str, &[u8])],
    split: Option<u64>,
    since: Option<&Path>,
) -> Written {
    let since = since.map(|path| Bundles::earlier(path).unwrap());
    let mut writer = BundleWriter::create(path, split, since).unwrap();
    let mut files = Vec::new();
    for (name, text) in texts {
        let content = Descriptor::of(TEXT_TYPE, text);
        writer.put_bytes(&content, text).unwrap();
        files.push(BundledFile {
            path: (*name).to_owned(),
            content,
        });
    }
    let document = BundleDocument {
        format: 1,
        release: texts[0].0.to_owned(),
        lockfile: texts[0].0.to_owned(),
        tool: files[0].content.clone(),
        files,
        sources: Vec::new(),
        images: Vec::new(),
        since: Vec::new(),
    };
    writer.finish(document, Vec::new()).unwrap()
}

/// The files of the bundles at those paths.
fn texts(paths: &[PathBuf]) -> Result<Vec<(String, Vec<u8>)>, BundleError> {
    let bundle = Bundles::open(paths)?;
    let files = bundle.document().files.iter();
    files
        .map(|file| Ok((file.path.clone(), bundle.file(file)?)))
        .collect()
}

fn large() -> Vec<u8> {
    (0..200_000_u32).flat_map(u32::to_le_bytes).collect()
}

#[test]
fn the_same_content_is_the_same_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let content: [(&str, &[u8]); 2] = [("a", b"one"), ("b", &large())];
    let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
    write(&one, &content, None, None);
    let written = write(&other, &content, None, None);
    assert_eq!(fs::read(&one).unwrap(), fs::read(&other).unwrap());
    assert_eq!(written.size, fs::metadata(&other).unwrap().len());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    // A layout, with what says so at its beginning and the index at its end.
    let names: Vec<_> = entries(&fs::read(&one).unwrap())
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names.first().unwrap(), "oci-layout");
    assert_eq!(names.last().unwrap(), "index.json");
    assert!(
        names[1..names.len() - 1]
            .iter()
            .all(|name| name.starts_with("blobs/sha256/"))
    );
}

#[test]
fn parts_are_read_without_joining_them() {
    let folder = tempfile::tempdir().unwrap();
    let large = large();
    let content: [(&str, &[u8]); 2] = [("a", b"one"), ("b", &large)];
    let expected: Vec<_> = content
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.to_vec()))
        .collect();
    let (whole, split) = (folder.path().join("whole"), folder.path().join("split"));
    write(&whole, &content, None, None);
    let written = write(&split, &content, Some(100_000), None);
    let names: Vec<_> = written
        .files
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(names.len(), 9, "{names:?}");
    assert_eq!(names[0], "split.001");
    let joined: Vec<u8> = written
        .files
        .iter()
        .flat_map(|path| fs::read(path).unwrap())
        .collect();
    assert_eq!(joined, fs::read(&whole).unwrap());
    for name in [&split, &written.files[0]] {
        assert_eq!(texts(std::slice::from_ref(name)).unwrap(), expected);
    }
    // Fewer parts in their place: nothing of the earlier ones is left.
    write(&split, &content, Some(500_000), None);
    assert!(!folder.path().join("split.003").exists());
    assert_eq!(texts(std::slice::from_ref(&split)).unwrap(), expected);

    let written = write(&split, &content, Some(100_000), None);
    let said = |paths: &[PathBuf]| texts(paths).unwrap_err().to_string();
    assert!(said(&[written.files[3].clone()]).contains("not its first one"));
    // Without one in the middle, without the last ones, without the first one.
    let aside = folder.path().join("aside");
    fs::rename(&written.files[4], &aside).unwrap();
    let found = said(std::slice::from_ref(&split));
    assert!(
        found.contains("its part") && found.contains("split.005 is missing"),
        "{found}"
    );
    fs::rename(&aside, &written.files[4]).unwrap();
    fs::rename(&written.files[8], &aside).unwrap();
    let found = said(std::slice::from_ref(&split));
    assert!(found.contains("split.008 ends in the middle"), "{found}");
    fs::rename(&aside, &written.files[8]).unwrap();
    fs::rename(&written.files[0], &aside).unwrap();
    let found = said(std::slice::from_ref(&split));
    assert!(found.contains("split.001 is missing"), "{found}");
    fs::rename(&aside, &written.files[0]).unwrap();
    // In another order.
    let swap = |one: usize, other: usize| {
        fs::rename(&written.files[one], &aside).unwrap();
        fs::rename(&written.files[other], &written.files[one]).unwrap();
        fs::rename(&aside, &written.files[other]).unwrap();
    };
    swap(1, 8);
    let found = said(std::slice::from_ref(&split));
    assert!(
        found.contains("split.002") && found.contains("wrong order"),
        "{found}"
    );
    swap(1, 8);
    swap(0, 1);
    let found = said(std::slice::from_ref(&split));
    assert!(found.contains("wrong order"), "{found}");
    swap(0, 1);
    swap(3, 4);
    let found = said(std::slice::from_ref(&split));
    assert!(found.contains("has other content"), "{found}");
    swap(3, 4);
    assert_eq!(texts(std::slice::from_ref(&split)).unwrap(), expected);
    // A part that is cut.
    let file = fs::File::options()
        .write(true)
        .open(&written.files[2])
        .unwrap();
    file.set_len(99_999).unwrap();
    let found = said(&[split]);
    assert!(
        found.contains("split.003 of the bundle has 99999 bytes"),
        "{found}"
    );
}

#[test]
fn what_an_earlier_one_has_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let large = large();
    let more: Vec<u8> = large.iter().rev().copied().collect();
    write(&at("1"), &[("a", b"one"), ("b", &large)], None, None);
    let second: [(&str, &[u8]); 3] = [("a", b"two"), ("b", &large), ("c", &more)];
    let written = write(&at("2"), &second, None, Some(&at("1")));
    assert_eq!(
        (written.left_out, written.left_out_bytes),
        (1, large.len() as u64)
    );
    let third: [(&str, &[u8]); 3] = [("a", b"three"), ("b", &large), ("c", &more)];
    let written = write(&at("3"), &third, None, Some(&at("2")));
    assert_eq!(written.left_out, 2);
    assert!(written.size < 20_000, "{written:?}");
    let expected: Vec<_> = third
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.to_vec()))
        .collect();
    // In any order, and twice.
    for names in [&["1", "2", "3"][..], &["3", "1", "2", "1"]] {
        let paths: Vec<_> = names.iter().map(|name| at(name)).collect();
        assert_eq!(texts(&paths).unwrap(), expected, "{names:?}");
    }
    let said = |names: &[&str]| {
        let paths: Vec<_> = names.iter().map(|name| at(name)).collect();
        texts(&paths).unwrap_err().to_string()
    };
    assert!(said(&["3", "2"]).contains("made since 1, which is not given"));
    assert!(said(&["3", "1"]).contains("made since 2, which is not given"));
    assert!(said(&["2"]).contains("made since 1, which is not given"));
    write(&at("other"), &[("a", b"something else")], None, None);
    assert!(said(&["1", "other"]).contains("neither of the bundles"));
    // One of the same name that does not have what it should.
    write(&at("1"), &[("a", b"one"), ("b", b"small")], None, None);
    assert!(said(&["2", "1"]).contains("neither of the bundles"));
}

#[test]
fn a_blob_is_checked_while_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (path, large) = (folder.path().join("bundle"), large());
    write(&path, &[("a", b"one"), ("b", &large)], None, None);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes
        .windows(16)
        .position(|window| *window == large[..16])
        .unwrap();
    bytes[at + 5000] ^= 1;
    fs::write(&path, bytes).unwrap();
    let bundle = Bundles::open(&[&path]).unwrap();
    let file = &bundle.document().files[1];
    let mut reader = bundle.blob(&file.content).unwrap();
    let mut read = Vec::new();
    let error = reader.read_to_end(&mut read).unwrap_err();
    assert!(error.to_string().contains("has other content"), "{error}");
}
