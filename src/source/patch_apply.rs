use std::collections::{BTreeMap, BTreeSet};

use git2::{ErrorCode, FileMode, ObjectType, Oid, Repository};

use super::error::SourceError;
use super::patch_error::PatchError;
use super::patch_parse::{FilePatch, Hunk, Side, parse};
use super::store::Store;
use super::tree::tree_oid;
use super::tree_change::{Changes, write_changes, write_failed};

/// A unified diff, as `git diff`, `git format-patch` or `diff -u` write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Its name in messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl Store {
    /// Applies patches to a tree, in order, and returns the id of the new tree. The same tree and patches give
    /// the same id.
    ///
    /// There is no fuzz: each hunk must fit at the line that it names, to the byte. That is why neither libgit2's
    /// apply (takes hunks at other lines) nor a crate (they leave out renames and modes) is used.
    ///
    /// # Errors
    /// [`SourceError::Patch`] with file, hunk and lines; [`SourceError::TreeRead`], [`SourceError::EntryRead`],
    /// [`SourceError::TreeWrite`] when the store fails.
    pub fn patch(&self, tree_id: &str, patches: &[Patch]) -> Result<String, SourceError> {
        let repository = self.repository()?;
        let base = tree_oid(&repository, tree_id)?;
        let mut files = PatchedFiles {
            repository: &repository,
            base,
            changed: BTreeMap::new(),
        };
        for patch in patches {
            let applied = parse(&patch.text).map(|parts| files.apply(&parts));
            applied
                .unwrap_or_else(|refused| Ok(Err(refused)))?
                .map_err(|source| SourceError::Patch {
                    patch: patch.name.clone(),
                    source: Box::new(source),
                })?;
        }
        let mut changes = Changes::new();
        for (path, file) in files.changed {
            let change = match file {
                None => None,
                Some(file) => Some((
                    repository
                        .blob(&file.content)
                        .map_err(|source| write_failed(tree_id, source))?,
                    file.mode,
                )),
            };
            changes.insert(path, change);
        }
        write_changes(&repository, base, &changes).map(|id| id.to_string())
    }
}

#[derive(Clone)]
struct File {
    mode: i32,
    content: Vec<u8>,
}

/// A tree with the changes so far on top; `None` is a deleted file.
struct PatchedFiles<'a> {
    repository: &'a Repository,
    base: Oid,
    changed: BTreeMap<String, Option<File>>,
}

impl PatchedFiles<'_> {
    /// Applies a patch's parts; the outer error is the store's, the inner one the patch's.
    ///
    /// As in `git apply`, a file that the patch takes away (deletes, renames) is seen as it was before the patch
    /// wherever its part stands, since git sorts the parts by name: renames may go round in a circle.
    fn apply(&mut self, parts: &[FilePatch]) -> Result<Result<(), PatchError>, SourceError> {
        let leaving: BTreeSet<&String> = parts
            .iter()
            .filter(|part| !part.copy && part.old != part.new)
            .filter_map(|part| part.old.as_ref())
            .collect();
        let mut as_before = BTreeMap::new();
        for path in &leaving {
            as_before.insert((*path).clone(), self.read(path)?);
        }
        let mut made = BTreeSet::new();
        for part in parts {
            let before = match &part.old {
                Some(old) => match as_before
                    .get(old)
                    .cloned()
                    .map_or_else(|| self.read(old), Ok)?
                {
                    Some(file) => Some(file),
                    None => return Ok(Err(PatchError::FileMissing { file: old.clone() })),
                },
                None => None,
            };
            if let Some(new) = &part.new
                && part.old.as_ref() != Some(new)
                && (made.contains(new) || !leaving.contains(new))
                && self.read(new)?.is_some()
            {
                return Ok(Err(PatchError::FileExists { file: new.clone() }));
            }
            let after = match patched(part, before) {
                Ok(after) => after,
                Err(error) => return Ok(Err(error)),
            };
            if let Some(old) = &part.old
                && leaving.contains(old)
                && !made.contains(old)
            {
                self.changed.insert(old.clone(), None);
            }
            if let Some(new) = &part.new {
                self.changed.insert(new.clone(), Some(after));
                made.insert(new);
            }
        }
        for new in made {
            if self.collides(new)? {
                return Ok(Err(PatchError::FileExists { file: new.clone() }));
            }
        }
        Ok(Ok(()))
    }

    fn read(&self, path: &str) -> Result<Option<File>, SourceError> {
        if let Some(file) = self.changed.get(path) {
            return Ok(file.clone());
        }
        let Some((id, kind, mode)) = self.entry(path)? else {
            return Ok(None);
        };
        if kind != Some(ObjectType::Blob) {
            return Ok(None);
        }
        let blob = self.repository.find_blob(id);
        let blob = blob.map_err(|source| self.unreadable(path, source))?;
        Ok(Some(File {
            mode,
            content: blob.content().to_vec(),
        }))
    }

    /// Whether the file `path` stands where a folder or a submodule is, or below what is no folder.
    fn collides(&self, path: &str) -> Result<bool, SourceError> {
        for (at, _) in path.match_indices('/') {
            let folder = &path[..at];
            let is_file = match self.changed.get(folder) {
                Some(file) => file.is_some(),
                None => self
                    .entry(folder)?
                    .is_some_and(|(_, kind, _)| kind != Some(ObjectType::Tree)),
            };
            if is_file {
                return Ok(true);
            }
        }
        match self.entry(path)? {
            Some((id, Some(ObjectType::Tree), _)) => self.keeps_any(id, path),
            Some((_, kind, _)) => Ok(kind != Some(ObjectType::Blob)),
            None => Ok(false),
        }
    }

    /// Whether the patches leave anything of the folder `id` at `path`.
    fn keeps_any(&self, id: Oid, path: &str) -> Result<bool, SourceError> {
        let tree = self.repository.find_tree(id);
        let tree = tree.map_err(|source| self.unreadable(path, source))?;
        for entry in &tree {
            let below = format!("{path}/{}", String::from_utf8_lossy(entry.name_bytes()));
            let kept = match entry.kind() {
                Some(ObjectType::Tree) => self.keeps_any(entry.id(), &below)?,
                _ => !matches!(self.changed.get(&below), Some(None)),
            };
            if kept {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn entry(&self, path: &str) -> Result<Option<(Oid, Option<ObjectType>, i32)>, SourceError> {
        let found = self
            .repository
            .find_tree(self.base)
            .and_then(|tree| tree.get_path(path.as_ref()));
        match found {
            Ok(entry) => Ok(Some((entry.id(), entry.kind(), entry.filemode()))),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(source) => Err(self.unreadable(path, source)),
        }
    }

    fn unreadable(&self, path: &str, source: git2::Error) -> SourceError {
        SourceError::EntryRead {
            path: path.to_owned(),
            tree: self.base.to_string(),
            source,
        }
    }
}

/// The file after the patch; `before` is there exactly when the patch names an old file.
fn patched(patch: &FilePatch, before: Option<File>) -> Result<File, PatchError> {
    let name = || {
        let name = patch.old.as_ref().or(patch.new.as_ref());
        name.cloned().unwrap_or_default()
    };
    if let (Some(file), Some(expected)) = (&before, patch.old_mode)
        && file.mode != expected
    {
        return Err(PatchError::FileMode {
            file: name(),
            expected,
            found: file.mode,
        });
    }
    let kept_mode = before
        .as_ref()
        .map_or(i32::from(FileMode::Blob), |file| file.mode);
    let content = before.map(|file| file.content).unwrap_or_default();
    let content = apply_hunks(&content, &patch.hunks)?;
    if patch.new.is_none() && !content.is_empty() {
        return Err(PatchError::NotEmptied { file: name() });
    }
    Ok(File {
        mode: patch.new_mode.unwrap_or(kept_mode),
        content,
    })
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
        // A hunk past the end fails at its first line, or here when it has none of the old file.
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
        // A last line without newline stays last, or the file would join two lines.
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
