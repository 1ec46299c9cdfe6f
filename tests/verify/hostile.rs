//! Files that are made to take memory and time, or to look like what they are not.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use kmembuild::verify::{CheckName, Expectations, Outcome, inspect, judge};
use tempfile::TempDir;

use crate::support::command::Workplace;

/// Offset of the program headers, and their number and size, in the head of a 64-bit program.
const E_PHOFF: u64 = 32;
const E_PHNUM: u64 = 56;
const HEAD: usize = 64;
const PROGRAM_HEADER: usize = 56;
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;

/// A 64-bit program for amd64 with these segments: type, offset and content, each loaded at its offset.
fn program(segments: &[(u32, &[u8])]) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    for half in [3_u16, 62] {
        file.extend(half.to_le_bytes());
    }
    file.extend(1_u32.to_le_bytes());
    for word in [0_u64, HEAD as u64, 0] {
        file.extend(word.to_le_bytes());
    }
    file.extend(0_u32.to_le_bytes());
    let count = u16::try_from(segments.len() + 1).expect("few segments");
    for half in [64, 56, count, 64, 0, 0] {
        file.extend(half.to_le_bytes());
    }
    let mut contents = Vec::new();
    let begin = HEAD + PROGRAM_HEADER * (segments.len() + 1);
    let whole: usize = segments.iter().map(|(_, content)| content.len()).sum();
    let mut header = |kind: u32, offset: usize, length: usize| {
        file.extend(kind.to_le_bytes());
        file.extend(4_u32.to_le_bytes());
        let (offset, length) = (offset as u64, length as u64);
        for word in [offset, offset, offset, length, length, 1] {
            file.extend(word.to_le_bytes());
        }
    };
    header(PT_LOAD, 0, begin + whole);
    for (kind, content) in segments {
        header(*kind, begin + contents.len(), content.len());
        contents.extend_from_slice(content);
    }
    file.extend(contents);
    file
}

fn written(content: &[u8]) -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("runc");
    fs::write(&path, content).expect("written");
    (folder, path)
}

fn kind(path: &Path) -> String {
    inspect(path).expect("findings").format.to_string()
}

#[test]
fn tables_that_no_program_has_are_not_read() {
    let (_folder, path) = written(&program(&[]));
    let mut file = File::options().write(true).open(&path).expect("open");
    file.set_len(64 << 20).expect("a file with a hole");
    for (place, bytes) in [
        (E_PHOFF, &64_u64.to_le_bytes()[..]),
        (E_PHNUM, &0xfffe_u16.to_le_bytes()),
    ] {
        file.seek(SeekFrom::Start(place)).expect("sought");
        file.write_all(bytes).expect("written");
    }
    assert!(
        kind(&path).contains("implausible number of segments: 65534"),
        "{}",
        kind(&path)
    );

    let needed = |count: u64| -> Vec<u8> {
        let strings = [DT_STRTAB, 0];
        let names = (0..count).flat_map(|_| [DT_NEEDED, 1]);
        let words = strings.into_iter().chain(names).chain([0, 0]);
        words.flat_map(u64::to_le_bytes).collect()
    };
    let (_folder, few) = written(&program(&[(PT_DYNAMIC, &needed(3))]));
    assert!(!kind(&few).contains("implausible"), "{}", kind(&few));
    let (_folder, many) = written(&program(&[(PT_DYNAMIC, &needed(262_000))]));
    assert!(
        kind(&many).contains("implausible number of required libraries"),
        "{}",
        kind(&many)
    );
}

#[test]
fn a_loader_of_somebody_elses_is_not_glibcs() {
    let floor = Expectations {
        glibc_floor: "2.17".parse().ok(),
        ..Expectations::default()
    };
    for (loader, expected) in [
        ("/lib64/ld-linux-x86-64.so.2", Outcome::Passed),
        // Those of other processors, and what only begins like one.
        ("/lib/ld-linux-aarch64.so.1", Outcome::Failed),
        ("/lib64/ld64.so.2", Outcome::Failed),
        ("/lib64/ld-linux-x86-64.so.2.old", Outcome::Failed),
        ("/lib64/ld-linux-mine.so.2", Outcome::Failed),
        ("/lib64//ld-linux-x86-64.so.2", Outcome::Failed),
        ("lib64/ld-linux-x86-64.so.2", Outcome::Failed),
        ("", Outcome::Failed),
        ("/nix/store/0abc/lib/ld.so.2", Outcome::Failed),
        (
            "/nix/store/0abc-glibc-2.38/lib/ld-linux-x86-64.so.2",
            Outcome::Failed,
        ),
        ("/lib/../tmp/ld-linux-x86-64.so.2", Outcome::Failed),
        ("/lib/ld-musl-x86_64.so.1", Outcome::Failed),
        ("/tmp/x", Outcome::Failed),
    ] {
        let name = format!("{loader}\0");
        let (_folder, path) = written(&program(&[(PT_INTERP, name.as_bytes())]));
        let findings = inspect(&path).expect("findings");
        let checks = judge(&findings, None, &floor);
        let glibc = checks.iter().find(|check| check.name == CheckName::Glibc);
        let glibc = glibc.expect("a check of glibc");
        assert_eq!(glibc.outcome, expected, "{loader}: {glibc:?}");
    }
}

/// The kernel starts the first loader, and the loader reads the last dynamic segment, by its address: what was judged must
/// not be another one.
#[test]
fn a_second_loader_or_dynamic_segment_is_none() {
    let glibc = &b"/lib64/ld-linux-x86-64.so.2\0"[..];
    let none = [0; 16];
    for (segments, said) in [
        (
            vec![(PT_INTERP, &b"/tmp/loader\0"[..]), (PT_INTERP, glibc)],
            "more than one interpreter",
        ),
        (
            vec![(PT_DYNAMIC, &none[..]), (PT_DYNAMIC, &none[..])],
            "more than one dynamic segment",
        ),
    ] {
        let (_folder, path) = written(&program(&segments));
        assert!(kind(&path).contains(said), "{}", kind(&path));
    }
    let mut moved = program(&[(PT_DYNAMIC, &none)]);
    // The address of the second program header, which is elsewhere in the file than its content.
    let address = HEAD + PROGRAM_HEADER + 16;
    moved[address..address + 8].copy_from_slice(&0_u64.to_le_bytes());
    let (_folder, path) = written(&moved);
    assert!(
        kind(&path).contains("not at its address"),
        "{}",
        kind(&path)
    );
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let place = Workplace::new();
    let pipe = |name: &str| {
        let path = place.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo starts").success());
    };
    pipe("release.yaml");
    pipe("recipes/tool.yaml");
    pipe("dist/SHA256SUMS");
    pipe("config.d/config.yaml");
    pipe("image.tar");
    pipe("result/manifest.json");
    // Each of these would wait for ever, and the kernel would not end them: a processor is not used.
    for (words, said) in [
        (&["release", "release.yaml"][..], "it is not a regular file"),
        (
            &["plan", "tool", "--recipe-dir", "recipes", "--tag", "v1"],
            "it is not a regular file",
        ),
        (&["verify", "dist"], "neither a release"),
        (&["reproduce", "result"], "it is not a regular file"),
        (&["node-script", "result"], "it is not a regular file"),
        (
            &[
                "plan",
                "runc-debian",
                "--image-archive",
                "image.tar",
                "--host",
                "unix:///nowhere",
            ],
            "it is not a regular file",
        ),
    ] {
        let finished = place.run(words);
        assert_ne!(finished.code, Some(0), "{words:?}");
        finished.says(said);
    }
    let mut command = place.command(&["recipes", "list"]);
    command.env("KMEMBUILD_CONFIG_DIR", place.path().join("config.d"));
    let finished = crate::support::command::Finished::from(command.output().expect("it starts"));
    finished.code(2).says("it is not a regular file");
}

#[test]
fn a_size_that_no_machine_has_is_no_size() {
    for size in ["99999999999999999999GiB", "16EiB", "9223372036854775808"] {
        assert!(
            size.parse::<kmembuild::recipe::ByteSize>().is_err(),
            "{size}"
        );
    }
}
