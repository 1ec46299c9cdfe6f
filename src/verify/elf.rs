//! The headers of a program, as far as the checks need them.

use std::fs::File;

use object::Endianness;
use object::elf;
use object::read::elf::FileHeader;
use object::read::{ReadCache, ReadRef};

use super::architecture::{self, Machine};
use super::findings::{Format, Linkage, Packing};
use super::glibc::{self, GlibcNeeds};
use super::image::{Image, damaged, not_a_program};
use super::{linkage, packing};

/// The headers of a complete program.
pub(super) struct Program {
    pub(super) bits: u8,
    pub(super) machine: Machine,
    pub(super) linkage: Linkage,
    pub(super) glibc: GlibcNeeds,
    pub(super) packing: Option<Packing>,
}

/// Reads the headers of a file that starts like an ELF file. The error is what the file is instead of a complete program.
pub(super) fn read(file: &File, size: u64) -> Result<Program, Format> {
    let cache = ReadCache::new(file);
    let ident = (&cache)
        .read_bytes_at(0, 16)
        .map_err(|()| damaged("truncated header"))?;
    match ident[4] {
        1 => read_class::<elf::FileHeader32<Endianness>>(&cache, file, size, 32),
        2 => read_class::<elf::FileHeader64<Endianness>>(&cache, file, size, 64),
        class => Err(damaged(format!("unknown class {class}"))),
    }
}

fn read_class<'data, Elf: FileHeader<Endian = Endianness>>(
    data: &'data ReadCache<&'data File>,
    file: &File,
    size: u64,
    bits: u8,
) -> Result<Program, Format> {
    let image = Image::<Elf>::open(data, size)?;
    let linkage = linkage::read(&image)?;
    let library = linkage.interpreter().is_none()
        && (image.dynamic.soname || image.header.e_entry(image.endian).into() == 0);
    match image.header.e_type(image.endian) {
        elf::ET_DYN if library => return Err(not_a_program("an ELF shared library")),
        elf::ET_EXEC | elf::ET_DYN => {}
        kind => return Err(damaged(format!("unknown type {}", kind.0))),
    }
    Ok(Program {
        bits,
        machine: architecture::read(&image, bits),
        glibc: glibc::read(&image)?,
        packing: packing::read(&image, &linkage, file, size)?,
        linkage,
    })
}
