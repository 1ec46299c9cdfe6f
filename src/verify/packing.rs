//! Is what the headers describe the program that runs? A packed program is a small one that unpacks another, and starts
//! that: its headers need nothing of the host, and its code says nothing about what the other one does.
//!
//! Recognised by what every packer has in common: most of the code, or of the file, is compressed or encrypted, where
//! compilers leave machine code and text. Of one that hides that too, its missing section headers are left.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::LazyLock;

use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader as _, SectionHeader as _};

use super::findings::{Format, Linkage, Packing};
use super::image::{Image, damaged};

/// The mark of UPX, behind the program headers and at the end of the file.
const UPX: &[u8; 4] = b"UPX!";
/// How far from its end a file has the mark of UPX.
const UPX_END: u64 = 64;
/// Bytes of which the entropy is measured at once.
const BLOCK: usize = 4096;
/// Most blocks that are measured, evenly over a file: enough to tell the share, and quick for a large one.
const MOST_BLOCKS: u64 = 256;
/// Bits for each byte of a block from which it is compressed or encrypted, or random. Machine code has at most 6.6, the
/// densest tables of real programs 7.2; what is compressed has 7.8 and more.
const COMPRESSED: f64 = 7.5;
/// Fewer blocks than these show nothing.
const FEWEST_BLOCKS: usize = 2;

/// A part of the file: its first byte, and the one behind its last.
type Range = (u64, u64);

/// Why the headers of `image` need not describe the program that runs; `None` if nothing speaks against them.
pub(super) fn read<Elf: FileHeader<Endian = Endianness>>(
    image: &Image<'_, Elf>,
    linkage: &Linkage,
    file: &File,
    size: u64,
) -> Result<Option<Packing>, Format> {
    let unreadable = |error: std::io::Error| damaged(format!("could not be read: {error}"));
    let packed = |how: &str| {
        Ok(Some(Packing::Packed {
            how: how.to_owned(),
        }))
    };
    if has_mark_of_upx(image, file, size).map_err(unreadable)? {
        return packed("by UPX, whose mark it has");
    }
    let code: Vec<Range> = image
        .segments
        .iter()
        .filter(|segment| {
            let executable = segment.p_flags(image.endian).contains(elf::PF_X);
            segment.p_type(image.endian) == elf::PT_LOAD && executable
        })
        .map(|segment| segment.file_range(image.endian))
        .map(|(offset, length)| (offset, offset.saturating_add(length).min(size)))
        .collect();
    if is_mostly_compressed(file, &code).map_err(unreadable)? {
        return packed("most of what it has as code is compressed or encrypted");
    }
    let sections = image
        .header
        .sections(image.endian, image.data)
        .map_err(|error| damaged(error.to_string()))?;
    let debugging = sections.iter().filter(|section| {
        let name = sections.section_name(image.endian, section);
        let name = name.unwrap_or_default();
        let debugging = name.starts_with(b".debug") || name.starts_with(b".zdebug");
        debugging && !section.sh_flags(image.endian).contains(elf::SHF_ALLOC)
    });
    let mut debugging: Vec<Range> = debugging
        .filter_map(|section| section.file_range(image.endian))
        .map(|(offset, length)| (offset, offset.saturating_add(length)))
        .collect();
    debugging.sort_unstable();
    // Compilers compress what only a debugger reads.
    let rest = without(size, &debugging);
    if is_mostly_compressed(file, &rest).map_err(unreadable)? {
        return packed("most of the file is compressed or encrypted");
    }
    let entry = image.header.e_entry(image.endian).into();
    let machine = image.header.e_machine(image.endian);
    let begins_in = |section: &Elf::SectionHeader| {
        let flags = section.sh_flags(image.endian);
        let start = section.sh_addr(image.endian).into();
        let inside = entry
            .checked_sub(start)
            .is_some_and(|distance| distance < section.sh_size(image.endian).into());
        // The entry of the older ABI of PowerPC is a descriptor, which is data.
        let code = flags.contains(elf::SHF_EXECINSTR) || machine == elf::EM_PPC64;
        inside && code && flags.contains(elf::SHF_ALLOC)
    };
    let reason = if sections.len() < 2 {
        // Nothing but the headers says that such a program needs no library.
        if !linkage.is_static() {
            return Ok(None);
        }
        "it has no section headers, which every compiler writes, so it may be packed"
    } else if sections.iter().any(begins_in) {
        return Ok(None);
    } else {
        "it does not start in any of its sections, so it may be packed"
    };
    Ok(Some(Packing::Unclear {
        reason: reason.to_owned(),
    }))
}

fn has_mark_of_upx<Elf: FileHeader<Endian = Endianness>>(
    image: &Image<'_, Elf>,
    file: &File,
    size: u64,
) -> std::io::Result<bool> {
    let headers = image.segments.len() as u64;
    let entry = u64::from(image.header.e_phentsize(image.endian));
    let behind = image.header.e_phoff(image.endian).into();
    // A checksum of four bytes is before the mark.
    let mark = headers
        .checked_mul(entry)
        .and_then(|length| behind.checked_add(length)?.checked_add(4));
    let mut bytes = [0; UPX.len()];
    if let Some(mark) = mark.filter(|mark| mark.saturating_add(UPX.len() as u64) <= size) {
        file.read_exact_at(&mut bytes, mark)?;
        if bytes == *UPX {
            return Ok(true);
        }
    }
    let start = size.saturating_sub(UPX_END);
    let mut end = vec![0; usize::try_from(size - start).unwrap_or_default()];
    file.read_exact_at(&mut end, start)?;
    Ok(end.windows(UPX.len()).any(|window| window == UPX))
}

/// Everything from 0 to `size` but the `parts`, which are sorted and may overlap.
fn without(size: u64, parts: &[Range]) -> Vec<Range> {
    let mut rest = Vec::new();
    let mut from = 0;
    for (start, end) in parts {
        if *start > from {
            rest.push((from, (*start).min(size)));
        }
        from = from.max(*end);
    }
    if from < size {
        rest.push((from, size));
    }
    rest
}

/// Whether more than half of the blocks in the `parts` of a file are compressed or encrypted.
fn is_mostly_compressed(file: &File, parts: &[Range]) -> std::io::Result<bool> {
    let block = BLOCK as u64;
    let blocks: u64 = parts
        .iter()
        .map(|(start, end)| end.saturating_sub(*start) / block)
        .fold(0, u64::saturating_add);
    let step = blocks.div_ceil(MOST_BLOCKS).max(1);
    let (mut measured, mut compressed) = (0, 0);
    let mut bytes = [0; BLOCK];
    for (start, end) in parts {
        let count = end.saturating_sub(*start) / block;
        let mut index = 0;
        while index < count {
            file.read_exact_at(&mut bytes, start + index * block)?;
            measured += 1;
            compressed += usize::from(entropy(&bytes) >= COMPRESSED);
            index += step;
        }
    }
    Ok(measured >= FEWEST_BLOCKS && compressed * 2 > measured)
}

/// `n * log2(n)` for each number of times that a byte can be in a block: logarithms would take most of the time.
static TIMES_ITS_LOGARITHM: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let numbers = (0_u16..).take(BLOCK + 1).map(f64::from);
    numbers
        .map(|number| {
            if number > 0.0 {
                number * number.log2()
            } else {
                0.0
            }
        })
        .collect()
});

/// Shannon's entropy of a block, in bits for each byte.
fn entropy(bytes: &[u8; BLOCK]) -> f64 {
    let mut counts = [0_u16; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let table = &*TIMES_ITS_LOGARITHM;
    let sum: f64 = counts.iter().map(|count| table[usize::from(*count)]).sum();
    // With shares p = n / 4096, the sum of -p * log2(p) is 12 - sum / 4096.
    12.0 - sum / 4096.0
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, entropy, without};

    #[test]
    fn leaves_out_parts_that_overlap_and_parts_behind_the_end() {
        assert_eq!(without(10, &[]), [(0, 10)]);
        assert_eq!(without(10, &[(0, 10)]), []);
        assert_eq!(
            without(10, &[(2, 4), (3, 5), (7, 8)]),
            [(0, 2), (5, 7), (8, 10)]
        );
        assert_eq!(without(10, &[(2, u64::MAX)]), [(0, 2)]);
        assert_eq!(without(10, &[(12, 14)]), [(0, 10)]);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "powers of two have no rounding")]
    fn measures_bits_for_each_byte() {
        assert_eq!(entropy(&[7; BLOCK]), 0.0);
        let mut all = [0; BLOCK];
        for (index, byte) in all.iter_mut().enumerate() {
            *byte = u8::try_from(index % 256).unwrap();
        }
        assert_eq!(entropy(&all), 8.0);
    }
}
