use std::ops::Range;

use super::patch_error::{HunkPlace, PatchError};
use super::tree_change::check_path;

/// What a patch does to one file.
#[derive(Debug, Default)]
pub(super) struct FilePatch {
    /// The file before; `None` when the patch makes it.
    pub(super) old: Option<String>,
    /// The file after; `None` when the patch deletes it.
    pub(super) new: Option<String>,
    /// The mode that the file must have before.
    pub(super) old_mode: Option<i32>,
    /// The mode that the file has after; as before when `None`.
    pub(super) new_mode: Option<i32>,
    /// The file before stays.
    pub(super) copy: bool,
    pub(super) hunks: Vec<Hunk>,
}

/// One hunk; lines hold their newline unless the patch says that there is none.
#[derive(Debug)]
pub(super) struct Hunk {
    pub(super) place: HunkPlace,
    /// Lines of the old and of the new file as the header says, from 0 and without the end.
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

/// Reads a unified diff, git's or plain, with text before the first file. After the last hunk only the signature
/// that `git format-patch` writes may follow. The first part of each name (`a/`, `b/`) is left out.
pub(super) fn parse(text: &str) -> Result<Vec<FilePatch>, PatchError> {
    let mut parser = Parser {
        lines: text.split_inclusive('\n').collect(),
        at: 0,
    };
    while parser.peek().is_some() && !parser.at_file() {
        // A hunk before any file header is a patch that lost its head, not a preamble.
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

    fn header_error(&self) -> PatchError {
        PatchError::Header { line: self.at + 1 }
    }

    /// `-- `, a version and nothing but empty lines: the end of what `git format-patch` writes.
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
        let mut file = FilePatch::default();
        let (mut created, mut deleted, mut renamed) = (false, false, (None, None));
        if let Some(names) = self
            .peek()
            .and_then(|line| line.strip_prefix("diff --git "))
        {
            // Names in this line are ambiguous when they hold spaces; it only counts when no other line names them.
            if let Some(name) = self.same_name(names)? {
                (file.old, file.new) = (Some(name.clone()), Some(name));
            }
            self.at += 1;
            while let Some(line) = self.peek() {
                if let Some(mode) = line.strip_prefix("old mode ") {
                    file.old_mode = Some(self.mode(mode)?);
                } else if let Some(mode) = line.strip_prefix("new mode ") {
                    file.new_mode = Some(self.mode(mode)?);
                } else if let Some(mode) = line.strip_prefix("new file mode ") {
                    file.new_mode = Some(self.mode(mode)?);
                    created = true;
                } else if let Some(mode) = line.strip_prefix("deleted file mode ") {
                    file.old_mode = Some(self.mode(mode)?);
                    deleted = true;
                } else if let Some(name) = line.strip_prefix("rename from ") {
                    renamed.0 = Some(self.whole_name(name)?);
                } else if let Some(name) = line.strip_prefix("rename to ") {
                    renamed.1 = Some(self.whole_name(name)?);
                } else if let Some(name) = line.strip_prefix("copy from ") {
                    renamed.0 = Some(self.whole_name(name)?);
                    file.copy = true;
                } else if let Some(name) = line.strip_prefix("copy to ") {
                    renamed.1 = Some(self.whole_name(name)?);
                } else if line.starts_with("GIT binary patch") || line.starts_with("Binary files ")
                {
                    return Err(PatchError::Binary { line: self.at + 1 });
                } else if !(line.starts_with("index ")
                    || line.starts_with("similarity index ")
                    || line.starts_with("dissimilarity index "))
                {
                    break;
                }
                self.at += 1;
            }
            if renamed.0.is_some() != renamed.1.is_some() {
                return Err(self.header_error());
            }
            if let (Some(from), Some(to)) = renamed.clone() {
                (file.old, file.new) = (Some(from), Some(to));
            }
            if created {
                file.old = None;
            }
            if deleted {
                file.new = None;
            }
        }
        if self.at_file() && self.peek().is_some_and(|line| line.starts_with("--- ")) {
            let old = self.stripped_name("--- ")?;
            self.at += 1;
            let new = self.stripped_name("+++ ")?;
            let contradicts = (created && old.is_some())
                || (deleted && new.is_some())
                || (renamed.0.is_some() && (old != file.old || new != file.new));
            if contradicts {
                return Err(self.header_error());
            }
            (file.old, file.new) = (old, new);
            self.at += 1;
            while self.peek().is_some_and(|line| line.starts_with("@@ ")) {
                let hunk = self.hunk(&file)?;
                file.hunks.push(hunk);
            }
            if file.hunks.is_empty() {
                return Err(self.garbage_or_header());
            }
        }
        let moves = renamed.0.is_some();
        let plain_rename =
            !moves && matches!((&file.old, &file.new), (Some(old), Some(new)) if old != new);
        let nothing = file.hunks.is_empty() && file.new_mode.is_none() && !moves && !deleted;
        if (file.old.is_none() && file.new.is_none()) || plain_rename || nothing {
            return Err(PatchError::Header { line: start + 1 });
        }
        Ok(file)
    }

    fn garbage_or_header(&self) -> PatchError {
        if self.peek().is_some() {
            self.garbage()
        } else {
            self.header_error()
        }
    }

    fn hunk(&mut self, file: &FilePatch) -> Result<Hunk, PatchError> {
        let header = self.peek().unwrap_or_default();
        let Some((old, new)) = hunk_ranges(header) else {
            return Err(self.garbage());
        };
        let name = file.new.as_ref().or(file.old.as_ref());
        let place = HunkPlace {
            file: name.cloned().unwrap_or_default(),
            number: file.hunks.len() + 1,
            header: header.trim_end().to_owned(),
        };
        self.at += 1;
        let (mut old_left, mut new_left) = (old.len(), new.len());
        let mut lines: Vec<(Side, Vec<u8>)> = Vec::new();
        loop {
            let line = self.lines.get(self.at).copied().unwrap_or_default();
            if line.starts_with("\\ ") {
                // It belongs to the line before, which ends without a newline.
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
                // Editors that remove spaces at line ends leave this of an empty line of context.
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
                // The patch file itself ends without a newline; that says nothing about the patched file.
                content.push(b'\n');
            }
            lines.push((side, content));
            self.at += 1;
        }
        // One more line of a hunk here means that the counts are wrong; a file header begins with `--- ` too.
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

    fn mode(&self, text: &str) -> Result<i32, PatchError> {
        match text.trim_end() {
            "100644" => Ok(0o100_644),
            "100755" => Ok(0o100_755),
            "120000" => Ok(0o120_000),
            mode => Err(PatchError::Mode {
                line: self.at + 1,
                mode: mode.to_owned(),
            }),
        }
    }

    /// The name of a `---` or `+++` line; `None` for /dev/null.
    fn stripped_name(&self, prefix: &str) -> Result<Option<String>, PatchError> {
        let line = self.peek().unwrap_or_default();
        // `diff -u` writes a tab and the time after the name.
        let name = line.strip_prefix(prefix).unwrap_or_default();
        let name = name
            .split('\t')
            .next()
            .unwrap_or_default()
            .trim_end_matches('\r');
        if name == "/dev/null" {
            return Ok(None);
        }
        let whole = unquoted(name).ok_or_else(|| self.name_error(name))?;
        let (_, inner) = whole.split_once('/').ok_or_else(|| self.name_error(name))?;
        self.checked(inner).map(Some)
    }

    /// The name of a rename or copy line, which has no first part to leave out.
    fn whole_name(&self, name: &str) -> Result<String, PatchError> {
        let name = name.trim_end_matches('\r');
        let whole = unquoted(name).ok_or_else(|| self.name_error(name))?;
        self.checked(&whole)
    }

    /// The name in `a/NAME b/NAME`; `None` when the two differ.
    fn same_name(&self, names: &str) -> Result<Option<String>, PatchError> {
        let names = names.trim_end_matches('\r');
        let (left, right) = names.split_at(names.len() / 2);
        let Some(right) = right.strip_prefix(' ') else {
            return Ok(None);
        };
        let inner = |name: &str| {
            let whole = unquoted(name)?;
            whole.split_once('/').map(|(_, inner)| inner.to_owned())
        };
        match (inner(left), inner(right)) {
            (Some(left), Some(right)) if left == right => self.checked(&left).map(Some),
            _ => Ok(None),
        }
    }

    fn checked(&self, name: &str) -> Result<String, PatchError> {
        check_path(name).map_err(|_| self.name_error(name))?;
        Ok(name.to_owned())
    }

    fn name_error(&self, name: &str) -> PatchError {
        PatchError::Name {
            line: self.at + 1,
            name: name.to_owned(),
        }
    }
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
    // An empty range names the line before it.
    let start = if count == 0 {
        start
    } else {
        start.checked_sub(1)?
    };
    Some(start..start.checked_add(count)?)
}

/// Resolves git's quotes around unusual names; `None` when they are broken or the name is not text.
fn unquoted(name: &str) -> Option<String> {
    let Some(inner) = name.strip_prefix('"') else {
        return Some(name.to_owned());
    };
    let mut bytes = Vec::new();
    let mut rest = inner.strip_suffix('"')?.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next()? {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            plain @ (b'"' | b'\\') => plain,
            first @ b'0'..=b'3' => {
                let digits = [first, rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 8).ok()?
            }
            _ => return None,
        });
    }
    String::from_utf8(bytes).ok()
}
