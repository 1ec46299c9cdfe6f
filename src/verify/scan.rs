//! One pass over a file: its SHA-256 and the marks in it.
//!
//! The file is read in chunks, so memory use does not depend on its size; a chunk is small enough to be still in the
//! processor's cache for its second reader.

use std::io::{self, Read};
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};
use sha2::{Digest as _, Sha256};

use super::kmem::{MARKS, MarkKind};
use crate::checksum::hex;

const CHUNK: usize = 256 << 10;

/// The result of one pass over a file.
pub(super) struct Scan {
    /// Bytes read.
    pub(super) size: u64,
    /// In lower-case hexadecimal.
    pub(super) sha256: String,
    /// The first occurrence of each mark, in the order of [`MARKS`].
    pub(super) marks: Vec<Option<u64>>,
}

/// Reads to the end.
pub(super) fn scan(reader: impl Read) -> io::Result<Scan> {
    scan_in_chunks(reader, CHUNK)
}

fn scan_in_chunks(mut reader: impl Read, chunk: usize) -> io::Result<Scan> {
    let searcher = &*SEARCHER;
    // A mark is judged with the byte before it and the byte after it.
    let reach = searcher.max_pattern_len() + 1;
    let mut window = vec![0; 1 + reach + chunk];
    let mut hash = Sha256::new();
    let mut scan = Scan {
        size: 0,
        sha256: String::new(),
        marks: vec![None; MARKS.len()],
    };
    // `window[..1]` is the byte before the part to search; at the start of the file it counts as no letter.
    let mut filled = 1;
    let mut offset = 0;
    loop {
        let read = fill(&mut reader, &mut window[filled..])?;
        hash.update(&window[filled..filled + read]);
        filled += read;
        scan.size += read as u64;
        let last = filled < window.len();
        // What starts after `limit` may be incomplete; it is searched with the next chunk.
        let limit = if last { filled } else { filled - reach };
        search(searcher, &window[..filled], limit, offset, &mut scan.marks);
        if last {
            break;
        }
        window.copy_within(limit - 1..filled, 0);
        offset += (limit - 1) as u64;
        filled -= limit - 1;
    }
    scan.sha256 = hex(&hash.finalize());
    Ok(scan)
}

static SEARCHER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .kind(Some(AhoCorasickKind::DFA))
        .build(MARKS.iter().map(|mark| mark.text))
        .expect("the marks are few and short")
});

/// Reads until the buffer is full or the file ends.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Records the marks that start at 1..limit of the window, whose second byte is at `offset` in the file.
fn search(
    searcher: &AhoCorasick,
    window: &[u8],
    limit: usize,
    offset: u64,
    marks: &mut [Option<u64>],
) {
    let mut start = 1;
    while let Some(found) = searcher.find(Input::new(window).range(start..)) {
        if found.start() >= limit {
            break;
        }
        // Not after its end: marks may overlap, because Go stores literals without separators.
        start = found.start() + 1;
        let index = found.pattern().as_usize();
        let whole = MARKS[index].kind == MarkKind::Literal
            || !(is_word(window[found.start() - 1])
                || window.get(found.end()).copied().is_some_and(is_word));
        if whole {
            marks[index].get_or_insert(offset + found.start() as u64 - 1);
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset_of(text: &str, scan: &Scan) -> Option<u64> {
        let index = MARKS.iter().position(|mark| mark.text == text).unwrap();
        scan.marks[index]
    }

    const LITERAL: &str = "memory.kmem.limit_in_bytes";
    const SOURCE: &str = "libcontainer/cgroups/fs/kmem.go";

    #[test]
    fn knows_the_digest() {
        let scan = scan(&b"abc"[..]).unwrap();
        assert_eq!(scan.size, 3);
        assert_eq!(
            scan.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn finds_a_mark_wherever_chunks_meet() {
        let all = vec![b'.'; 240];
        for mark in MARKS {
            for at in 0..=all.len() - mark.text.len() {
                let mut bytes = all.clone();
                bytes[at..at + mark.text.len()].copy_from_slice(mark.text.as_bytes());
                for chunk in [7, 64] {
                    let scan = scan_in_chunks(&bytes[..], chunk).unwrap();
                    assert_eq!(scan.size, all.len() as u64);
                    assert_eq!(
                        offset_of(mark.text, &scan),
                        Some(at as u64),
                        "{} with chunks of {chunk}",
                        mark.text
                    );
                    let found = scan.marks.iter().filter(|mark| mark.is_some()).count();
                    assert_eq!(found, 1, "{} at {at}", mark.text);
                }
            }
        }
    }

    #[test]
    fn finds_literals_stuck_together_and_sources_only_as_whole_words() {
        let stuck = format!("x{LITERAL}{LITERAL}memory.kmem.tcp.limit_in_bytesy");
        let scan = scan(stuck.as_bytes()).unwrap();
        assert_eq!(offset_of(LITERAL, &scan), Some(1));
        assert_eq!(
            offset_of("memory.kmem.tcp.limit_in_bytes", &scan),
            Some(1 + 2 * LITERAL.len() as u64)
        );
        for (text, found) in [
            (format!("a/{SOURCE}\0"), true),
            (format!("a/{SOURCE}"), true),
            (SOURCE.to_owned(), true),
            (format!("a/{SOURCE}ld"), false),
            (format!("my{SOURCE}\0"), false),
            (format!("a/{SOURCE}ld a/{SOURCE}:12"), true),
        ] {
            for chunk in [1, CHUNK] {
                let scan = scan_in_chunks(text.as_bytes(), chunk).unwrap();
                assert_eq!(offset_of(SOURCE, &scan).is_some(), found, "{text}");
            }
        }
    }

    #[test]
    fn finds_no_tcp_limit_as_the_kernel_limit() {
        let scan = scan(&b"memory.kmem.tcp.limit_in_bytes"[..]).unwrap();
        assert_eq!(offset_of(LITERAL, &scan), None);
    }
}
