//! Which components are in a binary: the compiler leaves the import paths of the code it compiled in the names of
//! functions and source files.

use std::io::{self, Read};

use aho_corasick::{AhoCorasick, Input, MatchKind};

use super::component::Component;

/// Bytes read at a time, so that a kubelet need not fit in memory.
const CHUNK: usize = 256 << 10;

/// For each component, whether it is in the binary read from `reader`; `None` if that cannot be determined, e.g. for a
/// Debian package of which nothing was found: its name is only a hint at the import path.
///
/// # Errors
/// Errors of reading.
pub fn found_in(components: &[Component], reader: impl Read) -> io::Result<Vec<Option<bool>>> {
    search(components, reader, CHUNK)
}

fn search(
    components: &[Component],
    mut reader: impl Read,
    chunk: usize,
) -> io::Result<Vec<Option<bool>>> {
    let needles: Vec<(usize, String)> = components
        .iter()
        .enumerate()
        .flat_map(|(owner, one)| {
            one.import_paths()
                .into_iter()
                .map(move |path| (owner, path))
        })
        .collect();
    // If the path was guessed from a name, not finding it proves nothing: golang-github-opencontainers-specs-dev contains
    // github.com/opencontainers/runtime-spec.
    let mut found: Vec<Option<bool>> = components
        .iter()
        .map(|one| (!one.path_is_guessed()).then_some(false))
        .collect();
    let searcher = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .build(needles.iter().map(|(_, path)| path))
        .map_err(io::Error::other)?;
    let longer = longer_paths(&needles);
    // A path is judged with the byte before it and the two bytes after it.
    let reach = searcher.max_pattern_len() + 3;
    let mut window = Vec::new();
    // The start of the file counts as no letter.
    window.push(0);
    loop {
        let before = window.len();
        (&mut reader)
            .take((chunk + reach) as u64)
            .read_to_end(&mut window)?;
        let last = window.len() - before < chunk + reach;
        let limit = if last {
            window.len()
        } else {
            window.len() - reach
        };
        for hit in searcher.find_overlapping_iter(Input::new(&window)) {
            let (owner, path) = &needles[hit.pattern().as_usize()];
            let bytes = &window[hit.start()..hit.end()];
            let same = components[*owner].path_is_guessed() || bytes == path.as_bytes();
            let of_another = longer[hit.pattern().as_usize()].iter().any(|other| {
                let path = needles[*other].1.as_bytes();
                let end = hit.start() + path.len();
                window.get(hit.start()..end) == Some(path) && is_whole(&window, hit.start(), end)
            });
            // What starts after the limit may be incomplete; it is searched with the next window.
            if hit.start() < limit
                && same
                && !of_another
                && is_whole(&window, hit.start(), hit.end())
            {
                found[*owner] = Some(true);
            }
        }
        if last {
            break;
        }
        window.drain(..limit - 1);
    }
    Ok(found)
}

/// Whether a match is a complete path: neither side continues the same path element.
fn is_whole(window: &[u8], start: usize, end: usize) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-~".contains(&byte);
    let before = window[start.saturating_sub(1)];
    let after = window.get(end).copied().unwrap_or(0);
    !(start > 0 && (part(before) || before == b'.')) && !part(after)
}

/// For each path, the longer ones that continue it: `github.com/a/b` is also in every path of the module
/// `github.com/a/b/v2`.
fn longer_paths(needles: &[(usize, String)]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..needles.len()).collect();
    order.sort_by_key(|index| &needles[*index].1);
    let mut longer = vec![Vec::new(); needles.len()];
    for (position, shorter) in order.iter().enumerate() {
        let path = &needles[*shorter].1;
        let following = order[position + 1..].iter().copied();
        longer[*shorter] = following
            .take_while(|other| needles[*other].1.starts_with(path))
            .filter(|other| needles[*other].1[path.len()..].starts_with('/'))
            .collect();
    }
    longer
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, search};
    use crate::attestation::{Component, ComponentKind};

    fn module(name: &str) -> Component {
        Component {
            name: name.to_owned(),
            version: "v1".to_owned(),
            source: None,
            kind: ComponentKind::GoModule,
        }
    }

    #[test]
    fn tells_what_a_binary_holds_wherever_chunks_meet() {
        let components = [
            module("github.com/a/b"),
            module("github.com/a/b/v2"),
            module("github.com/a/bc"),
            module("github.com/A/d"),
            module("golang.org/x/sys"),
        ];
        let text = "\0github.com/a/b/v2/x.(*T).F\0github.com/a/bc-fork.G\0github.com/a/d.H\0\
            /go/src/p/vendor/golang.org/x/sys/unix/a.go\0notgithub.com/a/bc/y\0";
        let expected = [false, true, false, false, true].map(Some);
        for chunk in [1, 7, 64, CHUNK] {
            let found = search(&components, text.as_bytes(), chunk).expect("a text in memory");
            assert_eq!(found, expected, "chunks of {chunk}");
        }
        let alone = search(&components, &b"github.com/a/b"[..], 3).expect("a text in memory");
        assert_eq!(alone[0], Some(true));
    }
}
