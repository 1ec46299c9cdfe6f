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
