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
    /// It does more than edit files: it makes, removes, renames or copies one, changes a mode, or is binary; or it quotes
    /// a name.
    #[error(
        "line {line}: {text:?} is unsupported: a patch can only edit text files of the source; use a build step for anything else"
    )]
    Unsupported {
        /// The patch's line, from 1.
        line: usize,
        /// What it says.
        text: String,
    },
    /// A file name without a first part (`a/`, `b/`) to leave out.
    #[error("line {line}: {name:?} is not a file name of a patch; use a/PATH and b/PATH")]
    Name {
        /// The patch's line, from 1.
        line: usize,
        /// The name as written.
        name: String,
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
    /// A file to edit is not in the tree.
    #[error("{file}: no such file")]
    FileMissing {
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
