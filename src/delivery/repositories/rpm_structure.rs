//! Refuses rpms whose numbers are wrong, as rpm itself does, before the rpm crate reads them: it trusts them, and would ask
//! for memory that nobody has, or look for values outside of the header.
//!
//! The form is that of rpm's `docs/manual/format_v4.md` and `lib/header.c`: a lead, a header of signatures, padded to eight
//! bytes, and a header of the package. A header has a list of entries, each with a tag, a type, an offset and a number of
//! values, and then the values.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::Path;

/// Bytes of the lead, which begins with [`LEAD`].
const LEAD_SIZE: u64 = 96;
const LEAD: [u8; 4] = [0xed, 0xab, 0xee, 0xdb];
/// With what a header begins; four reserved bytes, the number of entries and the size of the values follow.
const HEADER: [u8; 4] = [0x8e, 0xad, 0xe8, 0x01];
const HEADER_SIZE: usize = 16;
const ENTRY_SIZE: usize = 16;
/// Most entries in a header; rpm takes no more either.
const MOST_ENTRIES: u32 = 0xffff;
/// Most bytes of values in a header; rpm takes 256 MiB. Those of this tool's packages have a few KiB.
const MOST_BYTES: u32 = 16 << 20;
/// Highest type of an entry: a list of texts in several languages.
const LAST_TYPE: u32 = 9;

/// What is wrong with the headers of the rpm in a file; `None` if it is nothing that can be seen in their numbers.
///
/// # Errors
/// Those of reading the file.
pub(super) fn rpm_problem(path: &Path) -> io::Result<Option<&'static str>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut lead = [0; 4];
    if size < LEAD_SIZE {
        return Ok(Some("it is too short"));
    }
    file.read_exact(&mut lead)?;
    if lead != LEAD {
        return Ok(Some("it does not begin like one"));
    }
    let mut at = LEAD_SIZE;
    for _ in ["signatures", "package"] {
        // The header of signatures is padded, and that of the package begins there.
        at = at.next_multiple_of(8);
        file.seek(SeekFrom::Start(at))?;
        match header_size(&mut file, size.saturating_sub(at))? {
            Ok(taken) => at += taken,
            Err(problem) => return Ok(Some(problem)),
        }
    }
    Ok(None)
}

/// The size of the header that begins here, of which the file has at most `left` bytes.
fn header_size(file: &mut File, left: u64) -> io::Result<Result<u64, &'static str>> {
    let mut head = [0; HEADER_SIZE];
    if left < HEADER_SIZE as u64 {
        return Ok(Err("a header is cut short"));
    }
    file.read_exact(&mut head)?;
    let (entries, bytes) = (number(&head, 8), number(&head, 12));
    if !head.starts_with(&HEADER) {
        return Ok(Err("a header does not begin like one"));
    }
    if entries > MOST_ENTRIES || bytes > MOST_BYTES {
        return Ok(Err("a header is too large"));
    }
    let all = HEADER_SIZE as u64 + u64::from(entries) * ENTRY_SIZE as u64 + u64::from(bytes);
    if all > left {
        return Ok(Err("a header is cut short"));
    }
    for _ in 0..entries {
        let mut entry = [0; ENTRY_SIZE];
        file.read_exact(&mut entry)?;
        let (kind, offset, values) = (number(&entry, 4), number(&entry, 8), number(&entry, 12));
        // Of a text at least the byte that ends it.
        let least = match kind {
            0 => 0,
            3 => 2,
            4 => 4,
            5 => 8,
            _ => 1,
        };
        let end = u64::from(offset) + u64::from(values) * least;
        if kind > LAST_TYPE || offset >= bytes || end > u64::from(bytes) {
            return Ok(Err("an entry of a header is outside of it"));
        }
    }
    Ok(Ok(all))
}

/// The number at that place, its highest byte first.
fn number(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    u32::from_be_bytes(bytes.unwrap_or_default())
}
