//! One changed byte, one file more, less or called otherwise: each is found, and named.

use std::fs;
use std::os::unix::fs::symlink;

use kmembuild::attestation::{VerifyingKey, audit};

use super::release::{PACKAGE, Release};

/// Whether a text has this path as a word, and not only as a part of another path.
fn names(text: &str, path: &str) -> bool {
    let punctuation = |c: char| ":,;".contains(c);
    text.split_whitespace()
        .any(|word| word.trim_end_matches(punctuation) == path)
}

#[test]
fn a_whole_release_passes_and_so_does_a_single_result() {
    let release = Release::new();
    release
        .verify(&release.root)
        .code(0)
        .prints("dist: 14 files, 2 binaries checked, no problems")
        .prints("off by the nokmem tag");
    release
        .verify(&release.result)
        .code(0)
        .prints(": 9 files, 2 binaries checked, no problems");
    let mut unchecked = release.place.workplace.run(&["verify", "dist"]).code(0);
    for signature in ["provenance.dsse.json", "SHA256SUMS.minisig"] {
        let remark =
            format!("{signature}: the signature was not checked, because no key was given");
        unchecked = unchecked.prints(&remark);
    }

    // Files and folders together, as one JSON document.
    let tool = release.result.join("tool");
    let arguments = ["verify", tool.to_str().unwrap(), "dist", "--no-run"];
    let both = [&arguments[..], &["--format", "json"]].concat();
    let both = release.place.workplace.run(&both).code(0);
    let both: serde_json::Value = serde_json::from_str(&both.stdout).unwrap();
    assert_eq!(both["passed"], true);
    assert_eq!(both["files"].as_array().unwrap().len(), 1);
    assert_eq!(both["folders"][0]["files"], 14);
    assert_eq!(both["folders"][0]["problems"], serde_json::json!([]));
}

#[test]
fn a_changed_byte_in_any_file_is_found_and_the_file_is_named() {
    let release = Release::new();
    let files = release.files();
    assert_eq!(files.len(), 14, "{files:?}");
    for file in &files {
        let path = release.root.join(file);
        let honest = fs::read(&path).unwrap();
        let mut bytes = honest.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let found = release.verify(&release.root).code(17);
        assert!(names(&found.stdout, file), "{file}: {}", found.stdout);
        // The folder of the result alone, without the index and the checksums at the top.
        if let Ok(in_result) = path.strip_prefix(&release.result) {
            let name = in_result.to_str().unwrap();
            let found = release.verify(&release.result).code(17);
            assert!(names(&found.stdout, name), "{name}: {}", found.stdout);
        }
        fs::write(&path, &honest).unwrap();
    }
    release.verify(&release.root).code(0);
}

#[test]
fn what_is_wrong_with_a_signature_is_seen_without_a_key_as_far_as_that_goes() {
    let release = Release::new();
    let verify = || release.place.workplace.run(&["verify", "dist"]);
    let minisig = release.root.join("SHA256SUMS.minisig");
    let honest = fs::read(&minisig).unwrap();
    fs::write(&minisig, [0xff, 0]).unwrap();
    verify().code(17).says("SHA256SUMS.minisig");
    fs::write(&minisig, "no signature\n").unwrap();
    verify().code(17).says("SHA256SUMS.minisig");
    fs::remove_file(&minisig).unwrap();
    verify()
        .code(0)
        .prints("SHA256SUMS: not signed")
        .prints("although there are signed results");
    fs::write(&minisig, &honest).unwrap();
    let other = release.root.join("SHA256SUMS.sig");
    fs::write(&other, "AAAA\n").unwrap();
    verify().code(17).says("SHA256SUMS.sig");
    fs::remove_file(&other).unwrap();
    verify().code(0);
}

/// Everywhere in the short files, and here and there in the long ones, of which a digest hides nothing.
#[test]
fn it_is_found_wherever_it_is_in_the_file() {
    let release = Release::new();
    let keys = [VerifyingKey::read(&release.public).unwrap()];
    for file in release.files() {
        let path = release.root.join(&file);
        let honest = fs::read(&path).unwrap();
        let step = if file.starts_with("SHA256SUMS") || file.ends_with("SHA256SUMS") {
            1
        } else {
            honest.len() / 12 + 1
        };
        for at in (0..honest.len()).step_by(step * 7) {
            for flip in [1, 0x20] {
                let mut bytes = honest.clone();
                bytes[at] ^= flip;
                fs::write(&path, &bytes).unwrap();
                let audit = audit(&release.root, &keys).unwrap();
                assert!(audit.is_changed(), "{file}, byte {at}");
                let named = audit
                    .problems
                    .iter()
                    .any(|problem| problem.file == file || names(&problem.message, &file));
                assert!(named, "{file}, byte {at}: {:?}", audit.problems);
            }
        }
        fs::write(&path, &honest).unwrap();
    }
}

#[test]
fn a_file_less_or_more_or_called_otherwise_is_found() {
    let release = Release::new();
    let aside = release.place.workplace.path().join("aside");
    for file in release.files() {
        let path = release.root.join(&file);
        fs::rename(&path, &aside).unwrap();
        release.verify(&release.root).code(17).prints(&file);

        let other = path.with_extension("renamed");
        fs::rename(&aside, &other).unwrap();
        let finished = release.verify(&release.root).code(17).prints(&file);
        let name = other.file_name().unwrap().to_str().unwrap();
        finished.prints(name);
        fs::rename(&other, &path).unwrap();
    }
    for (place, name) in [(&release.root, "README"), (&release.result, "extra.deb")] {
        let path = place.join(name);
        fs::write(&path, "").unwrap();
        release
            .verify(&release.root)
            .code(17)
            .prints("unexpected file: not listed in")
            .prints(name);
        release.verify(&release.root).code(17).says(name);
        fs::remove_file(&path).unwrap();
    }
    // The folder of one result has no signature of its checksums.
    for name in ["SHA256SUMS.minisig", "SHA256SUMS.sig"] {
        let path = release.result.join(name);
        fs::write(&path, "").unwrap();
        release.verify(&release.result).code(17).says(name);
        release.verify(&release.root).code(17).says(name);
        fs::remove_file(&path).unwrap();
    }
    // A record of a failure is accounted for where the index has the target as failed, and nowhere else.
    let failed = release.result.with_extension("failed");
    fs::create_dir(&failed).unwrap();
    fs::write(failed.join("build.log"), "").unwrap();
    release
        .verify(&release.root)
        .code(17)
        .prints("left over from a failed build that is not part of the release")
        .says(".failed");
    fs::remove_dir_all(&failed).unwrap();
    fs::create_dir(release.result.join("empty")).unwrap();
    release
        .verify(&release.root)
        .code(17)
        .prints("unexpected empty directory");
    fs::remove_dir(release.result.join("empty")).unwrap();
    release.verify(&release.root).code(0);
}

#[test]
fn links_and_pipes_are_refused_by_name() {
    let release = Release::new();
    let package = release.result.join(PACKAGE);
    let aside = release.place.workplace.path().join("aside");
    fs::rename(&package, &aside).unwrap();
    // It leads to the very bytes that should be there.
    symlink(&aside, &package).unwrap();
    release
        .verify(&release.root)
        .code(17)
        .prints(PACKAGE)
        .prints("a symbolic link, not a regular file");
    fs::remove_file(&package).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &package,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    release
        .verify(&release.root)
        .code(17)
        .prints("a special file");
}
