use std::collections::BTreeMap;

use super::error::SourceError;
use super::patch_error::PatchError;
use super::patch_parse::{Hunk, Side, parse};
use super::store::Store;
use super::tree::File;

/// A unified diff, as written by `git diff`, `git format-patch` or `diff -u`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Its name for messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl Store {
    /// Applies patches to a tree, in order, and returns the id of the new tree. The same tree and patches give the same id.
    ///
    /// There is no fuzz: each hunk must match exactly at the line in its header. That is why libgit2's apply, which accepts
    /// hunks at other lines, is not used. Patches can only edit files: nothing is made, removed or renamed.
    ///
    /// # Errors
    /// [`SourceError::Patch`] with file, hunk and lines; [`SourceError::TreeRead`], [`SourceError::EntryRead`],
    /// [`SourceError::TreeWrite`] if the store fails.
    pub fn patch(&self, tree_id: &str, patches: &[Patch]) -> Result<String, SourceError> {
        let base = self.tree(tree_id)?;
        let mut files = BTreeMap::new();
        for patch in patches {
            let refused = |source| SourceError::Patch {
                patch: patch.name.clone(),
                source: Box::new(source),
            };
            for part in parse(&patch.text).map_err(refused)? {
                let before = match files.remove(&part.file) {
                    Some(changed) => Some(changed),
                    None => base.file(&part.file)?,
                };
                let Some(File { mode, content }) = before else {
                    return Err(refused(PatchError::FileMissing { file: part.file }));
                };
                let content = apply_hunks(&content, &part.hunks).map_err(refused)?;
                files.insert(part.file, File { mode, content });
            }
        }
        base.with(files).map_err(|source| SourceError::TreeWrite {
            tree: tree_id.to_owned(),
            source,
        })
    }
}

fn apply_hunks(content: &[u8], hunks: &[Hunk]) -> Result<Vec<u8>, PatchError> {
    let lines: Vec<&[u8]> = content.split_inclusive(|byte| *byte == b'\n').collect();
    let mut result: Vec<&[u8]> = Vec::with_capacity(lines.len());
    let mut next = 0;
    for hunk in hunks {
        let place = || hunk.place.clone();
        if hunk.old.start < next {
            return Err(PatchError::Order { place: place() });
        }
        // A hunk past the end fails at its first line, or here if it has no line of the old file.
        let Some(untouched) = lines.get(next..hunk.old.start) else {
            let expected = hunk.lines.first().map(|(_, line)| text(line));
            return Err(PatchError::Line {
                place: place(),
                line: hunk.old.start + 1,
                expected: expected.unwrap_or_default(),
                found: None,
            });
        };
        result.extend(untouched);
        next = hunk.old.start;
        if result.len() != hunk.new.start {
            return Err(PatchError::NewStart {
                place: place(),
                expected: result.len() + usize::from(!hunk.new.is_empty()),
            });
        }
        for (side, line) in &hunk.lines {
            if *side != Side::New {
                let found = lines.get(next).copied();
                if found != Some(line.as_slice()) {
                    return Err(PatchError::Line {
                        place: place(),
                        line: next + 1,
                        expected: text(line),
                        found: found.map(text),
                    });
                }
                next += 1;
            }
            if *side != Side::Old {
                result.push(line);
            }
        }
        // A last line without newline must stay the last one, or two lines would be joined.
        let before_end = result.split_last().map_or(&[][..], |(_, before)| before);
        let more = next < lines.len();
        let open = |line: &&[u8]| line.last() != Some(&b'\n');
        if before_end.iter().any(open) || (more && result.last().is_some_and(open)) {
            return Err(PatchError::NoNewline { place: place() });
        }
    }
    result.extend(lines.get(next..).unwrap_or_default());
    Ok(result.concat())
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}
