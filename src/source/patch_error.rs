use std::fmt;

/// Which hunk of a patch, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HunkPlace {
    /// The file that it changes.
    pub file: String,
    /// The hunk's number in the file's part of the patch, from 1.
    pub number: usize,
    /// The hunk's first line, e.g. `@@ -1,3 +1,4 @@ func main`.
    pub header: String,
}

impl fmt::Display for HunkPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, hunk {} ({})", self.file, self.number, self.header)
    }
}

/// Why a patch is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// There is no file header in it.
    #[error("no file header found")]
    Empty,
    /// A line fits nowhere in a patch.
    #[error("line {line}: {text:?} is not part of a patch")]
    Garbage {
        /// The patch's line, from 1.
        line: usize,
        /// What it says.
        text: String,
    },
    /// A file header is not complete, or its parts contradict each other.
    #[error("line {line}: the file header is incomplete or contradictory")]
    Header {
        /// The patch's line, from 1.
        line: usize,
    },
    /// A file name without a first part (`a/`, `b/`) to leave out, or with one that leads out of the tree.
    #[error("line {line}: {name:?} is not a valid file name in a patch")]
    Name {
        /// The patch's line, from 1.
        line: usize,
        /// The name as written.
        name: String,
    },
    /// A file mode that git does not know for files.
    #[error("line {line}: {mode:?} is not a valid file mode")]
    Mode {
        /// The patch's line, from 1.
        line: usize,
        /// The mode as written.
        mode: String,
    },
    /// Binary patches are not supported.
    #[error("line {line}: binary patches are not supported")]
    Binary {
        /// The patch's line, from 1.
        line: usize,
    },
    /// A hunk has fewer or more lines than its header says.
    #[error("{place}: its number of lines does not match its header (patch line {line})")]
    Count {
        /// The hunk.
        place: HunkPlace,
        /// The patch's line, from 1.
        line: usize,
    },
    /// The hunk's place in the new file does not follow from its place in the old one and the hunks before it.
    #[error("{place}: it would begin at line {expected} of the new file")]
    NewStart {
        /// The hunk.
        place: HunkPlace,
        /// The line where it would begin.
        expected: usize,
    },
    /// Hunks overlap or are not in order.
    #[error("{place}: it overlaps the previous hunk")]
    Order {
        /// The hunk.
        place: HunkPlace,
    },
    /// A line of the file is not what the hunk expects.
    #[error("{place}: line {line} of the file does not match: found {found}, expected {expected:?}", found = shown(found.as_deref()))]
    Line {
        /// The hunk.
        place: HunkPlace,
        /// The file's line, from 1.
        line: usize,
        /// What the patch expects there, with its newline.
        expected: String,
        /// What is there; `None` past the end of the file.
        found: Option<String>,
    },
    /// A line without newline would not be the last one.
    #[error("{place}: a line without newline must be the last one of the file")]
    NoNewline {
        /// The hunk.
        place: HunkPlace,
    },
    /// A file to change, delete, rename or copy is not in the tree.
    #[error("{file}: file not found")]
    FileMissing {
        /// The file.
        file: String,
    },
    /// A file to make is in the tree already.
    #[error("{file}: file already exists")]
    FileExists {
        /// The file.
        file: String,
    },
    /// A file has another mode than the patch says.
    #[error("{file}: mode {found:o} does not match the expected {expected:o}")]
    FileMode {
        /// The file.
        file: String,
        /// The mode that the patch says.
        expected: i32,
        /// The mode that the file has.
        found: i32,
    },
    /// A file to delete has more content than the patch removes.
    #[error("{file}: cannot delete it, because it would not be empty")]
    NotEmptied {
        /// The file.
        file: String,
    },
}

fn shown(line: Option<&str>) -> String {
    line.map_or_else(
        || "the end of the file".to_owned(),
        |line| format!("{line:?}"),
    )
}
