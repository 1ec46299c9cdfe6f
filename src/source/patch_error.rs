use std::fmt;

/// The position of a hunk in a patch, for messages.
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
    /// There is no file header.
    #[error("no file header found")]
    Empty,
    /// A line is not part of any patch format.
    #[error("line {line}: {text:?} is not part of a patch")]
    Garbage {
        /// The patch's line, from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// A file header is incomplete, or its parts contradict each other.
    #[error("line {line}: the file header is incomplete or contradictory")]
    Header {
        /// The patch's line, from 1.
        line: usize,
    },
    /// The patch does more than edit text files: it makes, removes, renames or copies a file, changes a mode, or is binary;
    /// or it quotes a name.
    #[error(
        "line {line}: {text:?} is unsupported: a patch can only edit text files of the source; use a build step for anything else"
    )]
    Unsupported {
        /// The patch's line, from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// A file name without a first part (`a/`, `b/`) to remove.
    #[error("line {line}: {name:?} is not a valid file name in a patch; use a/PATH and b/PATH")]
    Name {
        /// The patch's line, from 1.
        line: usize,
        /// The name as written.
        name: String,
    },
    /// The number of lines in a hunk does not match its header.
    #[error("{place}: its number of lines does not match its header (patch line {line})")]
    Count {
        /// The hunk.
        place: HunkPlace,
        /// The patch's line, from 1.
        line: usize,
    },
    /// The hunk's position in the new file does not follow from its position in the old one and the previous hunks.
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
    /// A line of the file does not match the hunk.
    #[error("{place}: line {line} of the file does not match: found {found}, expected {expected:?}", found = shown(found.as_deref()))]
    Line {
        /// The hunk.
        place: HunkPlace,
        /// The file's line, from 1.
        line: usize,
        /// The line that the patch expects, with its newline.
        expected: String,
        /// The line of the file; `None` past its end.
        found: Option<String>,
    },
    /// A line without newline that is not the last one.
    #[error("{place}: a line without newline must be the last one of the file")]
    NoNewline {
        /// The hunk.
        place: HunkPlace,
    },
    /// A file to edit is not in the tree.
    #[error("{file}: file not found")]
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
