//! The parts of an ELF file, according to its section headers.

use std::ops::Range;

use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, SectionHeader as _};
use serde::Serialize;

use crate::verify::ELF_MAGIC;

/// The purpose of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The headers: what the file is, and where its parts are.
    Headers,
    /// A digest or random number that identifies the build, from the GNU linker or from Go.
    BuildId,
    /// Any other note.
    Note,
    /// Instructions.
    Code,
    /// Data that the program may write to.
    Data,
    /// Data that the program only reads.
    Constants,
    /// Names and places of functions and variables.
    Symbols,
    /// Debugging information.
    Debugging,
    /// A section that is not loaded.
    NotLoaded,
    /// Bytes that belong to no section.
    Outside,
    /// The whole file, if it is not an ELF file or has no sections.
    Whole,
}

/// One part of a file.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The section's name, or a description of the part.
    pub(super) name: String,
    pub(super) role: Role,
    /// Its size in memory if it has no bytes in the file; otherwise its size in the file.
    pub(super) size: u64,
    /// Its place in the file, in one piece except for the rest of the file; empty if it exists in memory only.
    pub(super) ranges: Vec<Range<usize>>,
}

impl Part {
    /// The only part of a file that is not divided.
    pub(super) fn whole(bytes: &[u8]) -> Self {
        let name = "the whole file".to_owned();
        Self::of(name, Role::Whole, 0..bytes.len())
    }

    fn of(name: String, role: Role, range: Range<usize>) -> Self {
        Self {
            name,
            role,
            size: range.len() as u64,
            ranges: vec![range],
        }
    }
}

/// The parts of an ELF file with sections; every byte is in at least one of them. `None` for other files.
pub(super) fn parts(bytes: &[u8]) -> Option<Vec<Part>> {
    if !bytes.starts_with(ELF_MAGIC) {
        return None;
    }
    match bytes.get(4)? {
        1 => parts_of_class::<elf::FileHeader32<Endianness>>(bytes),
        2 => parts_of_class::<elf::FileHeader64<Endianness>>(bytes),
        _ => None,
    }
}

fn parts_of_class<Elf: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Option<Vec<Part>> {
    let header = Elf::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, bytes).ok()?;
    let segments = header.program_headers(endian, bytes).ok()?;
    let table = |name: &str, start: u64, length: usize| {
        let range = range(bytes, start, length as u64)?;
        Some(Part::of(name.to_owned(), Role::Headers, range))
    };
    let mut parts = vec![
        table("ELF header", 0, usize::from(header.e_ehsize(endian)))?,
        table(
            "program headers",
            header.e_phoff(endian).into(),
            size_of_val(segments),
        )?,
    ];
    // The first section header does not describe a section.
    for section in sections.iter().skip(1) {
        let name = sections.section_name(endian, section).ok()?;
        let name = String::from_utf8_lossy(name).into_owned();
        let role = role::<Elf>(&name, section, endian);
        parts.push(match section.file_range(endian) {
            Some((start, length)) => Part::of(name, role, range(bytes, start, length)?),
            None => Part {
                name,
                role,
                size: section.sh_size(endian).into(),
                ranges: Vec::new(),
            },
        });
    }
    if sections.len() < 2 {
        return None;
    }
    parts.push(table(
        "section headers",
        header.e_shoff(endian).into(),
        sections.len() * size_of::<Elf::SectionHeader>(),
    )?);
    parts.push(outside(&parts, bytes.len()));
    Some(parts)
}

fn range(bytes: &[u8], start: u64, length: u64) -> Option<Range<usize>> {
    let start = usize::try_from(start).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    (end <= bytes.len()).then_some(start..end)
}

/// What is not in any of the parts.
fn outside(parts: &[Part], length: usize) -> Part {
    let mut covered: Vec<_> = parts.iter().flat_map(|part| part.ranges.clone()).collect();
    covered.sort_by_key(|range| range.start);
    let (mut ranges, mut reached) = (Vec::new(), 0);
    for range in covered.into_iter().chain(std::iter::once(length..length)) {
        if range.start > reached {
            ranges.push(reached..range.start);
        }
        reached = reached.max(range.end);
    }
    Part {
        name: "the rest of the file".to_owned(),
        role: Role::Outside,
        size: ranges.iter().map(|range| range.len() as u64).sum(),
        ranges,
    }
}

fn role<Elf: FileHeader<Endian = Endianness>>(
    name: &str,
    section: &Elf::SectionHeader,
    endian: Endianness,
) -> Role {
    let flags: u64 = section.sh_flags(endian).0;
    let has = |flag: elf::SectionFlags| flags & flag.0 != 0;
    match name {
        ".note.gnu.build-id" | ".note.go.buildid" => return Role::BuildId,
        ".gosymtab" | ".gopclntab" => return Role::Symbols,
        _ if name.starts_with(".debug_") || name.starts_with(".zdebug_") => {
            return Role::Debugging;
        }
        _ => {}
    }
    match section.sh_type(endian) {
        elf::SHT_NOTE => Role::Note,
        elf::SHT_SYMTAB | elf::SHT_DYNSYM | elf::SHT_STRTAB => Role::Symbols,
        _ if has(elf::SHF_EXECINSTR) => Role::Code,
        _ if has(elf::SHF_WRITE) => Role::Data,
        _ if has(elf::SHF_ALLOC) => Role::Constants,
        _ => Role::NotLoaded,
    }
}
