//! How large the tree of a commit may be. A few small objects can name each other so often that nothing holds what they
//! make, or so deeply that whoever walks through them runs out of stack.

use std::collections::HashMap;

use git2::{ObjectType, Oid, Repository};

/// Deepest directory. The paths of such a tree are as long as a path may be on Linux.
const MOST_DEPTH: usize = 256;
/// Most files and directories; Kubernetes has about 25,000, Chromium 500,000.
const MOST_ENTRIES: u64 = 2_000_000;
/// Most bytes of all files.
const MOST_BYTES: u64 = 16 << 30;
/// Largest file in bytes; it is held in memory.
const LARGEST_FILE: u64 = 1 << 30;

/// What is more than a tree may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// Its directories are nested too deeply.
    #[error("its directories are more than {MOST_DEPTH} deep")]
    Depth,
    /// It has too many files and directories.
    #[error("it has more than {MOST_ENTRIES} files and directories")]
    Entries,
    /// Its files are too large together.
    #[error("its files have more than {} together", bytesize::ByteSize(MOST_BYTES))]
    Bytes,
    /// A file is too large.
    #[error("a file has {}, which is more than {}", bytesize::ByteSize(*size), bytesize::ByteSize(*limit))]
    File {
        /// Its size in bytes.
        size: u64,
        /// The size that it may have.
        limit: u64,
    },
}

/// Why a tree cannot be measured.
#[derive(Debug, thiserror::Error)]
pub(super) enum MeasureError {
    #[error(transparent)]
    Excess(#[from] Excess),
    #[error("{}", .0.message())]
    Git(#[from] git2::Error),
}

/// What a directory holds, with everything below it.
#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    entries: u64,
    bytes: u64,
    depth: usize,
}

impl Extent {
    fn add(&mut self, directory: Self) {
        self.entries = self.entries.saturating_add(directory.entries);
        self.bytes = self.bytes.saturating_add(directory.bytes);
        self.depth = self.depth.max(directory.depth + 1);
    }

    fn check(self) -> Result<Self, Excess> {
        if self.depth > MOST_DEPTH {
            Err(Excess::Depth)
        } else if self.entries > MOST_ENTRIES {
            Err(Excess::Entries)
        } else if self.bytes > MOST_BYTES {
            Err(Excess::Bytes)
        } else {
            Ok(self)
        }
    }
}

/// Refuses a tree that is too large. Looks into each directory of the repository once, however often the tree names it, and
/// needs no stack for deep ones. `beat` is called for each and says whether to go on.
pub(super) fn measure(
    repository: &Repository,
    root: Oid,
    beat: impl Fn() -> bool,
) -> Result<(), MeasureError> {
    let objects = repository.odb()?;
    let mut known: HashMap<Oid, Extent> = HashMap::new();
    let mut waiting = vec![root];
    while let Some(&id) = waiting.last() {
        if !beat() {
            return Err(git2::Error::from_str("nobody waits for it any more").into());
        }
        if known.contains_key(&id) {
            waiting.pop();
            continue;
        }
        let tree = repository.find_tree(id)?;
        let directories = tree
            .iter()
            .filter(|entry| entry.kind() == Some(ObjectType::Tree));
        let unknown = directories
            .map(|entry| entry.id())
            .filter(|id| !known.contains_key(id));
        let before = waiting.len();
        waiting.extend(unknown);
        if waiting.len() > before {
            continue;
        }
        let mut extent = Extent::default();
        for entry in &tree {
            extent.entries += 1;
            match entry.kind() {
                Some(ObjectType::Tree) => extent.add(known[&entry.id()]),
                Some(ObjectType::Blob) => {
                    let (size, _) = objects.read_header(entry.id())?;
                    let (size, limit) = (size as u64, LARGEST_FILE);
                    if size > limit {
                        return Err(Excess::File { size, limit }.into());
                    }
                    extent.bytes = extent.bytes.saturating_add(size);
                }
                _ => {}
            }
        }
        known.insert(id, extent.check()?);
        waiting.pop();
    }
    Ok(())
}
