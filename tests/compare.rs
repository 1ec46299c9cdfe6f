//! Differences between programs that the C compiler made, and between other files.

use kmembuild::compare::{Difference, Role, differences};
use std::fs;
use std::process::Command;

/// What the C compiler makes of `code`.
fn program(code: &str, flags: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("program.c"), code).expect("written");
    let status = Command::new("cc")
        .args(flags)
        .args(["-o", "program", "program.c"])
        .current_dir(folder.path())
        .status();
    assert!(status.expect("a C compiler is needed").success());
    fs::read(folder.path().join("program")).expect("a program")
}

const CODE: &str =
    "const char text[] = \"first\"; char large[64]; int main(void) { return text[0] + large[1]; }";

fn names(found: &[Difference]) -> Vec<&str> {
    found.iter().map(|found| found.part.as_str()).collect()
}

fn of<'a>(found: &'a [Difference], part: &str) -> &'a Difference {
    let difference = found.iter().find(|found| found.part == part);
    difference.unwrap_or_else(|| panic!("{part} is not in {found:?}"))
}

#[test]
fn equal_programs_do_not_differ() {
    assert_eq!(differences(&program(CODE, &[]), &program(CODE, &[])), []);
}

#[test]
fn a_constant_is_found_in_its_section_and_in_the_build_id() {
    let flags = ["-Wl,--build-id=sha1"];
    let first = program(CODE, &flags);
    let second = program(&CODE.replace("first", "fIrst"), &flags);
    let found = differences(&first, &second);
    assert_eq!(names(&found), [".note.gnu.build-id", ".rodata"]);
    assert_eq!(found[0].role, Role::BuildId);
    let constant = &found[1];
    assert_eq!((constant.role, constant.bytes), (Role::Constants, 1));
    let at = constant.offset_in_file.expect("a place");
    let at = usize::try_from(at).expect("a place in memory");
    assert_eq!((first[at], second[at]), (b'i', b'I'));
    assert!(constant.offset < constant.offset_in_file);
}

#[test]
fn sections_of_one_file_and_other_sizes_are_told() {
    let first = program(CODE, &["-Wl,--build-id=none"]);
    let larger = CODE.replace("64", "4096");
    let second = program(&larger, &["-g", "-Wl,--build-id=none"]);
    let found = differences(&first, &second);
    let memory = of(&found, ".bss");
    assert_eq!((memory.bytes, memory.offset), (0, None));
    assert!(memory.second_size > memory.first_size, "{memory:?}");
    let debugging = of(&found, ".debug_info");
    assert_eq!(debugging.role, Role::Debugging);
    assert_eq!(debugging.first_size, None);
    assert_eq!(Some(debugging.bytes), debugging.second_size);
    of(&found, "section headers");
    // In the other direction, it is the place in the first file.
    let back = differences(&second, &first);
    assert_eq!(of(&back, ".debug_info").second_size, None);
}

#[test]
fn a_byte_anywhere_in_a_program_is_found() {
    let first = program(CODE, &[]);
    // A prime, so that all positions within words and tables are tested.
    for at in (0..first.len()).step_by(59) {
        let mut second = first.clone();
        second[at] ^= 1;
        let found = differences(&first, &second);
        let told = found.iter().any(|found| {
            found.bytes > 0 || found.first_size != found.second_size || found.role == Role::Whole
        });
        assert!(told, "byte {at} of {}: {found:?}", first.len());
    }
    let longer = [first.as_slice(), b"more"].concat();
    let found = differences(&first, &longer);
    assert_eq!(names(&found), ["the rest of the file"]);
    assert_eq!((found[0].role, found[0].bytes), (Role::Outside, 4));
}

#[test]
fn other_files_are_told_by_offset() {
    let program = program(CODE, &[]);
    for (first, second, offset, bytes) in [
        (b"abcd".as_slice(), b"abXd".as_slice(), 2, 1),
        (b"abcd", b"ab", 2, 2),
        (b"", b"x", 0, 1),
        // Truncated, so that its section headers are missing.
        (&program[..100], &program[..90], 90, 10),
    ] {
        let found = differences(first, second);
        assert_eq!(names(&found), ["the whole file"]);
        assert_eq!(found[0].role, Role::Whole);
        assert_eq!((found[0].offset, found[0].bytes), (Some(offset), bytes));
        assert_eq!(found[0].offset_in_file, Some(offset));
    }
    let found = differences(&program, b"no program");
    assert_eq!(names(&found), ["the whole file"]);
}
