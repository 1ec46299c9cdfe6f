//! The parts of an ELF file that the checks need, for both word sizes and byte orders.
//!
//! Only headers are read, through a cache over the file, so the size of the file does not matter. The loader's headers
//! are used (program headers and the dynamic segment), not the section headers, which may be stripped.

use std::fs::File;

use object::Endianness;
use object::elf;
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _, SectionHeader as _};
use object::read::{ReadCache, ReadRef};

use super::findings::Format;

/// The largest table that is accepted. Real ones have a few kilobytes; a forged one must not fill the memory.
const LARGEST_TABLE: u64 = 4 << 20;

/// An ELF file whose parts all lie within the file.
pub(super) struct Image<'data, Elf: FileHeader> {
    pub(super) data: &'data ReadCache<&'data File>,
    pub(super) endian: Elf::Endian,
    pub(super) header: &'data Elf,
    pub(super) segments: &'data [Elf::ProgramHeader],
    pub(super) dynamic: Dynamic,
    size: u64,
}

/// The entries of the dynamic segment that the checks need.
#[derive(Default)]
pub(super) struct Dynamic {
    /// Offsets of the names of needed libraries in the string table.
    pub(super) needed: Vec<u64>,
    /// Whether it has a name to be linked against.
    pub(super) soname: bool,
    /// Address of the string table.
    strings: Option<u64>,
    /// Address of the table of required versions.
    pub(super) versions: Option<u64>,
    /// Number of entries in that table.
    pub(super) version_count: u64,
}

impl<'data, Elf: FileHeader<Endian = Endianness>> Image<'data, Elf> {
    pub(super) fn open(data: &'data ReadCache<&'data File>, size: u64) -> Result<Self, Format> {
        let header = Elf::parse(data).map_err(|_| damaged("truncated or invalid header"))?;
        let endian = header.endian().map_err(|_| damaged("unknown byte order"))?;
        match header.e_type(endian) {
            elf::ET_REL => return Err(not_a_program("an ELF object file")),
            elf::ET_CORE => return Err(not_a_program("a core dump")),
            _ => {}
        }
        let count = header.phnum(endian, data);
        let count = count.map_err(|error| damaged(error.to_string()))?;
        if count > MOST_SEGMENTS {
            return Err(damaged(format!("implausible number of segments: {count}")));
        }
        let segments = header
            .program_headers(endian, data)
            .map_err(|error| damaged(error.to_string()))?;
        let mut image = Self {
            data,
            endian,
            header,
            segments,
            dynamic: Dynamic::default(),
            size,
        };
        image.check_segments()?;
        image.check_sections()?;
        image.dynamic = image.read_dynamic()?;
        Ok(image)
    }

    fn check_segments(&self) -> Result<(), Format> {
        let mut loaded = false;
        for (index, segment) in self.segments.iter().enumerate() {
            let (offset, length) = segment.file_range(self.endian);
            self.check_range(&format!("program segment {index}"), offset, length)?;
            loaded |= segment.p_type(self.endian) == elf::PT_LOAD && length > 0;
        }
        if loaded {
            Ok(())
        } else {
            Err(damaged("no segment to load"))
        }
    }

    /// Section headers are usually at the very end and no loader reads them, so they reveal even a small truncation.
    fn check_sections(&self) -> Result<(), Format> {
        let start = self.header.e_shoff(self.endian).into();
        if start == 0 {
            return Ok(());
        }
        let count = self
            .header
            .shnum(self.endian, self.data)
            .map_err(|_| beyond("the section header table", start, self.size))?;
        let length = u64::from(count) * u64::from(self.header.e_shentsize(self.endian));
        self.check_range("the section header table", start, length)?;
        if length > LARGEST_TABLE {
            return Err(damaged(format!("implausible number of sections: {count}")));
        }
        let sections = self
            .header
            .section_headers(self.endian, self.data)
            .map_err(|error| damaged(error.to_string()))?;
        for (index, section) in sections.iter().enumerate() {
            if let Some((offset, length)) = section.file_range(self.endian) {
                self.check_range(&format!("section {index}"), offset, length)?;
            }
        }
        Ok(())
    }

    fn check_range(&self, part: &str, offset: u64, length: u64) -> Result<(), Format> {
        let end = offset.saturating_add(length);
        if length > 0 && end > self.size {
            return Err(beyond(part, end, self.size));
        }
        Ok(())
    }

    fn read_dynamic(&self) -> Result<Dynamic, Format> {
        let mut dynamic = Dynamic::default();
        let is_dynamic =
            |segment: &&Elf::ProgramHeader| segment.p_type(self.endian) == elf::PT_DYNAMIC;
        let mut segments = self.segments.iter().filter(is_dynamic);
        let Some(segment) = segments.next() else {
            return Ok(dynamic);
        };
        // A loader reads the last one, and by its address: what is in the file elsewhere is not what it reads.
        let address = segment.p_vaddr(self.endian).into();
        let (offset, length) = segment.file_range(self.endian);
        if segments.next().is_some() {
            return Err(damaged("more than one dynamic segment"));
        }
        if length > 0 && self.file_offset(address) != Some(offset) {
            return Err(damaged("the dynamic segment is not at its address"));
        }
        if length > LARGEST_TABLE {
            return Err(damaged("implausibly large dynamic segment"));
        }
        let entries = segment
            .dynamic(self.endian, self.data)
            .map_err(|error| damaged(error.to_string()))?
            .unwrap_or_default();
        for entry in entries {
            let value = entry.d_val(self.endian).into();
            match entry.d_tag(self.endian) {
                elf::DT_NULL => break,
                elf::DT_NEEDED if dynamic.needed.len() == MOST_LIBRARIES => {
                    return Err(damaged("implausible number of required libraries"));
                }
                elf::DT_NEEDED => dynamic.needed.push(value),
                elf::DT_SONAME => dynamic.soname = true,
                elf::DT_STRTAB => dynamic.strings = Some(value),
                elf::DT_VERNEED => dynamic.versions = Some(value),
                elf::DT_VERNEEDNUM => dynamic.version_count = value,
                _ => {}
            }
        }
        Ok(dynamic)
    }

    /// The offset in the file of the byte at an address of the loaded program.
    pub(super) fn file_offset(&self, address: u64) -> Option<u64> {
        self.segments
            .iter()
            .filter(|segment| segment.p_type(self.endian) == elf::PT_LOAD)
            .find_map(|segment| {
                let (offset, length) = segment.file_range(self.endian);
                let distance = address.checked_sub(segment.p_vaddr(self.endian).into())?;
                (distance < length).then(|| offset + distance)
            })
    }

    /// A string of the dynamic string table.
    pub(super) fn string(&self, offset: u64) -> Result<String, Format> {
        self.dynamic
            .strings
            .and_then(|address| self.file_offset(address.checked_add(offset)?))
            .and_then(|start| {
                let end = self.size.min(start.saturating_add(LONGEST_NAME));
                self.data.read_bytes_at_until(start..end, 0).ok()
            })
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .ok_or_else(|| damaged("a name of the dynamic segment is outside its string table"))
    }
}

/// Most segments of a program: Linux loads none whose table is longer than 64 KiB.
const MOST_SEGMENTS: u32 = 1170;
/// Most libraries that a program requires; the largest real ones require a few hundred.
const MOST_LIBRARIES: usize = 4096;
/// Longest name in bytes, with the null byte at its end: that of a path in Linux.
const LONGEST_NAME: u64 = 4096;

fn beyond(part: &str, end: u64, size: u64) -> Format {
    damaged(format!(
        "{part} ends at byte {end}, but the file ends at byte {size}"
    ))
}

/// An ELF file that is damaged for this reason.
pub(super) fn damaged(reason: impl Into<String>) -> Format {
    Format::Damaged {
        reason: reason.into(),
    }
}

pub(super) fn not_a_program(what: &str) -> Format {
    Format::NotAProgram {
        what: what.to_owned(),
    }
}
