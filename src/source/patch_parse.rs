//! Reads unified diffs that edit files; everything else that git can write into a diff is refused.

use std::ops::Range;

use super::patch_error::{HunkPlace, PatchError};

/// What a patch does to one file.
#[derive(Debug)]
pub(super) struct FilePatch {
    /// The file's path from the root of the tree.
    pub(super) file: String,
    pub(super) hunks: Vec<Hunk>,
}

/// One hunk; lines include their newline unless the patch says that there is none.
#[derive(Debug)]
pub(super) struct Hunk {
    pub(super) place: HunkPlace,
    /// Ranges of lines in the old and the new file according to the header, from 0, end exclusive.
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
    pub(super) lines: Vec<(Side, Vec<u8>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Both,
    Old,
    New,
}

/// Reads a unified diff, git's or plain, with any text before the first file. After the last hunk, only the signature of
/// `git format-patch` may follow. The first part of each name (`a/`, `b/`) is removed.
pub(super) fn parse(text: &str) -> Result<Vec<FilePatch>, PatchError> {
    let mut parser = Parser {
        lines: text.split_inclusive('\n').collect(),
        at: 0,
    };
    while parser.peek().is_some() && !parser.at_file() {
        // A hunk before any file header belongs to a patch that lost its header, not to a preamble.
        if parser.peek().is_some_and(|line| line.starts_with("@@ -")) {
            return Err(parser.garbage());
        }
        parser.at += 1;
    }
    let mut files = Vec::new();
    while parser.peek().is_some() {
        if parser.at_file() {
            files.push(parser.file()?);
        } else {
            parser.signature()?;
        }
    }
    if files.is_empty() {
        return Err(PatchError::Empty);
    }
    Ok(files)
}

/// Lines that git writes between the names of a file and its hunks when the diff does more than edit text.
const EXTENDED_HEADERS: [&str; 10] = [
    "old mode ",
    "new mode ",
    "new file mode ",
    "deleted file mode ",
    "rename from ",
    "copy from ",
    "similarity index ",
    "dissimilarity index ",
    "GIT binary patch",
    "Binary files ",
];

struct Parser<'a> {
    lines: Vec<&'a str>,
    at: usize,
}

impl<'a> Parser<'a> {
    /// The next line without its newline.
    fn peek(&self) -> Option<&'a str> {
        let line = self.lines.get(self.at)?;
        Some(line.strip_suffix('\n').unwrap_or(line))
    }

    fn at_file(&self) -> bool {
        let next = |offset: usize| {
            self.lines
                .get(self.at + offset)
                .copied()
                .unwrap_or_default()
        };
        next(0).starts_with("diff --git ")
            || (next(0).starts_with("--- ") && next(1).starts_with("+++ "))
    }

    fn garbage(&self) -> PatchError {
        PatchError::Garbage {
            line: self.at + 1,
            text: self.peek().unwrap_or_default().to_owned(),
        }
    }

    /// `-- `, a version and empty lines: the signature of `git format-patch`.
    fn signature(&mut self) -> Result<(), PatchError> {
        if self.peek() != Some("-- ") {
            return Err(self.garbage());
        }
        self.at += 2;
        while let Some(line) = self.peek() {
            if !line.is_empty() {
                return Err(self.garbage());
            }
            self.at += 1;
        }
        Ok(())
    }

    fn file(&mut self) -> Result<FilePatch, PatchError> {
        let start = self.at;
        if self.starts_with("diff --git ") {
            self.at += 1;
            // The names are repeated below, and the object ids add nothing to the hunks.
            if self.starts_with("index ") {
                self.at += 1;
            }
            if EXTENDED_HEADERS
                .iter()
                .any(|header| self.starts_with(header))
            {
                return Err(self.unsupported());
            }
        }
        if !(self.at_file() && self.starts_with("--- ")) {
            return Err(PatchError::Header { line: start + 1 });
        }
        let file = self.name("--- ")?;
        self.at += 1;
        if self.name("+++ ")? != file {
            return Err(self.unsupported());
        }
        self.at += 1;
        let mut hunks = Vec::new();
        while self.starts_with("@@ ") {
            let hunk = self.hunk(&file, hunks.len() + 1)?;
            hunks.push(hunk);
        }
        if hunks.is_empty() {
            return Err(self.garbage_or_header());
        }
        Ok(FilePatch { file, hunks })
    }

    fn starts_with(&self, beginning: &str) -> bool {
        self.peek().is_some_and(|line| line.starts_with(beginning))
    }

    fn unsupported(&self) -> PatchError {
        PatchError::Unsupported {
            line: self.at + 1,
            text: self.peek().unwrap_or_default().to_owned(),
        }
    }

    fn garbage_or_header(&self) -> PatchError {
        if self.peek().is_some() {
            self.garbage()
        } else {
            PatchError::Header { line: self.at + 1 }
        }
    }

    fn hunk(&mut self, file: &str, number: usize) -> Result<Hunk, PatchError> {
        let header = self.peek().unwrap_or_default();
        let Some((old, new)) = hunk_ranges(header) else {
            return Err(self.garbage());
        };
        let place = HunkPlace {
            file: file.to_owned(),
            number,
            header: header.trim_end().to_owned(),
        };
        self.at += 1;
        let (mut old_left, mut new_left) = (old.len(), new.len());
        let mut lines: Vec<(Side, Vec<u8>)> = Vec::new();
        loop {
            let line = self.lines.get(self.at).copied().unwrap_or_default();
            if line.starts_with("\\ ") {
                // It is about the previous line, which has no newline.
                match lines.last_mut() {
                    Some((_, content)) if content.last() == Some(&b'\n') => {
                        content.pop();
                    }
                    _ => return Err(self.garbage()),
                }
                self.at += 1;
                continue;
            }
            if old_left == 0 && new_left == 0 {
                break;
            }
            let (side, content) = match line.chars().next() {
                Some(' ') => (Side::Both, &line[1..]),
                Some('-') => (Side::Old, &line[1..]),
                Some('+') => (Side::New, &line[1..]),
                // Editors that strip trailing spaces leave an empty line of context like this.
                Some('\n') => (Side::Both, line),
                _ => return Err(self.count_error(place)),
            };
            let left = match side {
                Side::Both => old_left.checked_sub(1).zip(new_left.checked_sub(1)),
                Side::Old => old_left.checked_sub(1).zip(Some(new_left)),
                Side::New => Some(old_left).zip(new_left.checked_sub(1)),
            };
            let Some(left) = left else {
                return Err(self.count_error(place));
            };
            (old_left, new_left) = left;
            let mut content = content.as_bytes().to_vec();
            if content.last() != Some(&b'\n') {
                // The patch file itself ends without a newline, which says nothing about the patched file.
                content.push(b'\n');
            }
            lines.push((side, content));
            self.at += 1;
        }
        // Another line of a hunk here means that the counts are wrong; a file header also starts with `--- `.
        let more = self
            .peek()
            .is_some_and(|line| line.starts_with([' ', '+', '-']));
        if more && !self.at_file() && self.peek() != Some("-- ") {
            return Err(self.count_error(place));
        }
        Ok(Hunk {
            place,
            old,
            new,
            lines,
        })
    }

    fn count_error(&self, place: HunkPlace) -> PatchError {
        PatchError::Count {
            place,
            line: self.at + 1,
        }
    }

    /// The path in a `---` or `+++` line, without its first part.
    fn name(&self, prefix: &str) -> Result<String, PatchError> {
        let line = self.peek().unwrap_or_default();
        // `diff -u` adds a tab and the time after the name.
        let name = line.strip_prefix(prefix).unwrap_or_default();
        let name = name
            .split('\t')
            .next()
            .unwrap_or_default()
            .trim_end_matches('\r');
        if name == "/dev/null" || name.starts_with('"') {
            return Err(self.unsupported());
        }
        match name.split_once('/') {
            Some((_, path)) if stays_in_tree(path) => Ok(path.to_owned()),
            _ => Err(PatchError::Name {
                line: self.at + 1,
                name: name.to_owned(),
            }),
        }
    }
}

/// Whether a path is one that a file of a tree can have. No other leads anywhere; git2 does not even look one up.
fn stays_in_tree(path: &str) -> bool {
    !path.contains('\0') && !path.split('/').any(|part| matches!(part, "" | "." | ".."))
}

/// The two ranges of `@@ -a,b +c,d @@`, from 0.
fn hunk_ranges(header: &str) -> Option<(Range<usize>, Range<usize>)> {
    let (ranges, _) = header.strip_prefix("@@ -")?.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    Some((range(old)?, range(new)?))
}

fn range(text: &str) -> Option<Range<usize>> {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    let (start, count): (usize, usize) = (start.parse().ok()?, count.parse().ok()?);
    // An empty range is given by the line before it.
    let start = if count == 0 {
        start
    } else {
        start.checked_sub(1)?
    };
    Some(start..start.checked_add(count)?)
}
