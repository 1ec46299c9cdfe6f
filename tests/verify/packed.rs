//! Programs that unpack another one when they run: what their headers say is not what runs.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use kmembuild::verify::{
    CheckName, Expectations, Findings, KmemExpectation, KmemVerdict, Outcome, Packing, inspect,
    judge,
};

use crate::support::preflight::installed;

const OFF_MESSAGE: &str = "kernel memory accounting disabled in this runc build";

/// Compiles a program around the file `payload` beside it.
fn compiled(folder: &Path, name: &str, code: &str, flags: &[&str]) -> PathBuf {
    let (source, program) = (folder.join("program.c"), folder.join(name));
    fs::write(&source, code).unwrap();
    let status = installed("cc")
        .current_dir(folder)
        .args(flags)
        .arg("-o")
        .args([&program, &source])
        .status();
    assert!(status.expect("a C compiler is needed").success());
    program
}

/// The code of a program with the file `payload` in this section.
fn around(section: &str, flags: &str) -> String {
    format!(
        "__asm__(\".section {section},\\\"{flags}\\\",@progbits\\n.incbin \\\"payload\\\"\\n.text\\n\");\n\
         __attribute__((used)) static const char mark[] = \"{OFF_MESSAGE}\";\n\
         int main(void) {{ return 0; }}"
    )
}

/// A compressed program, as every packer has it in some place.
fn payload(folder: &Path) -> Vec<u8> {
    let inner = compiled(
        folder,
        "inner",
        "int main(void) { return 0; }",
        &["-static"],
    );
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    // The same content again and again would be packed to nothing, and so would tables of relocations, with which a program of
    // Rust begins.
    for file in [inner, "/usr/bin/git".into()] {
        encoder.write_all(&fs::read(file).unwrap()).unwrap();
    }
    let packed = encoder.finish().unwrap();
    assert!(packed.len() > 1 << 20, "{}", packed.len());
    fs::write(folder.join("payload"), &packed).unwrap();
    packed
}

/// Asserts that neither the linkage nor glibc nor accounting passes, and returns the findings.
#[track_caller]
fn proves_nothing(path: &Path) -> Findings {
    let findings = inspect(path).unwrap();
    for static_linked in [true, false] {
        let expectations = Expectations {
            static_linked: Some(static_linked),
            glibc_floor: "2.99".parse().ok(),
            ..Expectations::default()
        };
        for check in judge(&findings, None, &expectations) {
            let is_known = matches!(check.name, CheckName::Format);
            assert_eq!(check.outcome == Outcome::Passed, is_known, "{check:?}");
            assert!(
                is_known || check.found.starts_with("unknown: "),
                "{check:?}"
            );
        }
    }
    findings
}

#[track_caller]
fn is_packed(path: &Path, said: &str) {
    let findings = proves_nothing(path);
    let Some(Packing::Packed { how }) = &findings.packing else {
        panic!("{findings:?}");
    };
    assert!(how.contains(said), "{how}");
    assert_eq!(findings.kmem.verdict, KmemVerdict::Unknown);
    let off = Expectations {
        kmem: Some(KmemExpectation::Off),
        ..Expectations::default()
    };
    let check = judge(&findings, None, &off).pop().unwrap();
    assert_eq!(check.outcome, Outcome::Failed);
    assert!(check.found.contains("it is packed"), "{}", check.found);
}

#[test]
fn a_compressed_payload_is_seen_wherever_a_packer_puts_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let packed = payload(folder);
    for (name, section, flags) in [
        ("code", ".packed", "ax"),
        ("constants", ".rodata.packed", "a"),
        ("data", ".data.packed", "aw"),
        ("apart", ".packed", ""),
        ("as debugging data that is loaded", ".debug_packed", "a"),
    ] {
        for linking in ["-static", "-static-pie", "-pie"] {
            let code = around(section, flags);
            let program = compiled(folder, name, &code, &[linking, "-s"]);
            let said = if name == "code" { "code" } else { "file" };
            is_packed(&program, said);
        }
    }
    // Behind everything that the headers name.
    let plain = compiled(
        folder,
        "plain",
        "int main(void) { return 0; }",
        &["-static"],
    );
    assert_eq!(inspect(&plain).unwrap().packing, None);
    let mut appended = fs::read(&plain).unwrap();
    appended.extend(packed);
    let path = folder.join("appended");
    fs::write(&path, appended).unwrap();
    is_packed(&path, "file");
}

#[test]
fn compressed_debugging_data_and_a_few_pictures_are_no_packing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let packed = payload(folder);
    let code = around(".debug_packed", "");
    let program = compiled(folder, "debugging", &code, &["-static"]);
    assert_eq!(inspect(&program).unwrap().packing, None);
    fs::write(folder.join("payload"), &packed[..64 << 10]).unwrap();
    let code = around(".rodata.packed", "a");
    let program = compiled(folder, "pictures", &code, &["-static"]);
    assert_eq!(inspect(&program).unwrap().packing, None);
    for program in ["/bin/sh", "/usr/bin/git", env!("CARGO_BIN_EXE_kmembuild")] {
        let findings = inspect(Path::new(program)).unwrap();
        assert_eq!(findings.packing, None, "{program}");
    }
}

/// UPX leaves its mark behind the program headers and at the end of the file; its stub has no section headers.
#[test]
fn the_mark_of_upx_and_missing_section_headers_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let plain = compiled(
        folder,
        "plain",
        "int main(void) { return 0; }",
        &["-static"],
    );
    let honest = fs::read(&plain).unwrap();
    let number = |at: usize| usize::from(u16::from_le_bytes([honest[at], honest[at + 1]]));
    // Right behind the program headers of a 64-bit program.
    let behind = 64 + number(54) * number(56);
    let path = folder.join("changed");
    let mut bytes = honest.clone();
    bytes[behind + 4..behind + 8].copy_from_slice(b"UPX!");
    fs::write(&path, &bytes).unwrap();
    is_packed(&path, "UPX");
    let mut bytes = honest.clone();
    bytes.extend(b"UPX!\0\0\0\0UPX!\r\x16\x02\x01");
    bytes.resize(bytes.len() + 32, 7);
    fs::write(&path, &bytes).unwrap();
    is_packed(&path, "UPX");
    // Its stub once somebody has taken the marks out of it, and any other program without sections.
    let mut bytes = honest.clone();
    bytes[40..48].fill(0);
    bytes[60..62].fill(0);
    fs::write(&path, &bytes).unwrap();
    let findings = proves_nothing(&path);
    let unclear = matches!(&findings.packing, Some(Packing::Unclear { reason }) if reason.contains("no section headers"));
    assert!(unclear, "{:?}", findings.packing);
    // A stub in front of everything else, as in a program that was infected.
    let mut bytes = honest;
    bytes[24..32].copy_from_slice(&0x40_0010_u64.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    let findings = proves_nothing(&path);
    let unclear = matches!(&findings.packing, Some(Packing::Unclear { reason }) if reason.contains("does not start in any"));
    assert!(unclear, "{:?}", findings.packing);
}

#[test]
fn verify_refuses_a_packed_program_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    payload(folder);
    let program = compiled(folder, "packed", &around(".packed", "ax"), &["-static"]);
    let output = Command::new(env!("CARGO_BIN_EXE_kmembuild"))
        .args(["verify", "--no-kmem", "--static", "--no-run"])
        .arg(&program)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(16), "{said}");
    assert!(said.contains("it is packed"), "{said}");
}
