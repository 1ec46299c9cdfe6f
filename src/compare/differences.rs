//! The differences between two files.

use serde::Serialize;

use super::layout::{Part, Role, parts};

/// A part in which two files differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Difference {
    /// Name of the section, or a description of the part.
    pub part: String,
    /// Its purpose.
    pub role: Role,
    /// Its size in the first file, in bytes; `None` if that file does not have the part.
    pub first_size: Option<u64>,
    /// Its size in the second file, in bytes; `None` if that file does not have the part.
    pub second_size: Option<u64>,
    /// The first byte that differs, counted from the beginning of the part. `None` if only the size in memory differs,
    /// or if one of the files does not have the part.
    pub offset: Option<u64>,
    /// The offset of that byte in the first file, or where it would be.
    pub offset_in_file: Option<u64>,
    /// Number of bytes that differ from those in the same place, or that only one file has.
    pub bytes: u64,
}

/// The parts in which two files differ, in the order of the first file. The list is empty if, and only if, the files
/// are equal.
pub fn differences(first: &[u8], second: &[u8]) -> Vec<Difference> {
    if first == second {
        return Vec::new();
    }
    if let (Some(firsts), Some(seconds)) = (parts(first), parts(second)) {
        let found = between((first, &firsts), (second, &seconds));
        // Files whose headers and parts are all equal should be equal. If they are not, the difference is reported by
        // its offset in the file.
        if !found.is_empty() {
            return found;
        }
    }
    let (one, other) = ([Part::whole(first)], [Part::whole(second)]);
    between((first, &one), (second, &other))
}

fn between(first: (&[u8], &[Part]), second: (&[u8], &[Part])) -> Vec<Difference> {
    let mut unmatched: Vec<&Part> = second.1.iter().collect();
    let mut found = Vec::new();
    for part in first.1 {
        // If several parts have the same name, the first ones are compared with each other, and so on.
        let counterpart = unmatched.iter().position(|other| other.name == part.name);
        let counterpart = counterpart.map(|index| unmatched.remove(index));
        match counterpart {
            Some(other) => found.extend(difference((first.0, part), (second.0, other))),
            None => found.push(Difference {
                first_size: Some(part.size),
                ..alone(part)
            }),
        }
    }
    let only_there = unmatched.into_iter().map(|part| Difference {
        second_size: Some(part.size),
        ..alone(part)
    });
    found.extend(only_there);
    found
}

/// A part that one of the files does not have.
fn alone(part: &Part) -> Difference {
    Difference {
        part: part.name.clone(),
        role: part.role,
        first_size: None,
        second_size: None,
        offset: None,
        offset_in_file: None,
        bytes: length(part),
    }
}

/// The bytes of a part in its file.
fn length(part: &Part) -> u64 {
    part.ranges.iter().map(|range| range.len() as u64).sum()
}

fn difference(first: (&[u8], &Part), second: (&[u8], &Part)) -> Option<Difference> {
    let (part, other) = (first.1, second.1);
    // Most parts of large files are equal, and comparing them as a whole is fastest.
    if part.size == other.size && pieces(first.0, part).eq(pieces(second.0, other)) {
        return None;
    }
    let mut ones = bytes_of(first.0, part);
    let mut others = bytes_of(second.0, other);
    let (mut offset, mut differing, mut at) = (None, 0, 0);
    loop {
        let (one, other) = (ones.next(), others.next());
        if one.is_none() && other.is_none() {
            break;
        }
        if one != other {
            differing += 1;
            offset.get_or_insert(at);
        }
        at += 1;
    }
    if differing == 0 && part.size == other.size {
        return None;
    }
    Some(Difference {
        part: part.name.clone(),
        role: part.role,
        first_size: Some(part.size),
        second_size: Some(other.size),
        offset,
        offset_in_file: offset.and_then(|offset| in_file(part, offset)),
        bytes: differing,
    })
}

fn pieces<'a>(file: &'a [u8], part: &'a Part) -> impl Iterator<Item = &'a [u8]> {
    part.ranges.iter().map(|range| &file[range.clone()])
}

fn bytes_of<'a>(file: &'a [u8], part: &'a Part) -> impl Iterator<Item = u8> {
    pieces(file, part).flatten().copied()
}

/// The offset in the file of the byte at `offset` of a part, or of the end of the part.
fn in_file(part: &Part, offset: u64) -> Option<u64> {
    let mut before = 0;
    for range in &part.ranges {
        let within = offset - before;
        if within < range.len() as u64 {
            return Some(range.start as u64 + within);
        }
        before += range.len() as u64;
    }
    part.ranges.last().map(|range| range.end as u64)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::{Difference, Role, differences};

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

    const CODE: &str = "const char text[] = \"first\"; char large[64]; int main(void) { return text[0] + large[1]; }";

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
                found.bytes > 0
                    || found.first_size != found.second_size
                    || found.role == Role::Whole
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
}
