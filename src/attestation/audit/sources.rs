//! What is said about files, and who says it.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::{Listing, Stored};
use super::outcome::Audit;
use crate::artifacts::read_checksum_file;

/// What is said about files, by path.
#[derive(Default)]
pub(super) struct Witnesses {
    said: BTreeMap<String, Vec<Said>>,
    /// Those who list every file of a folder, with the beginning of the paths in it.
    complete: Vec<(String, String)>,
    /// Those that sign a list of all files, and cannot be in it.
    signatures: BTreeSet<String>,
}

/// What one witness says about one file.
struct Said {
    /// Path of the witness.
    by: String,
    sha256: String,
    size: Option<u64>,
    /// Whether it is signed by a key that the user gave.
    signed: bool,
}

impl Witnesses {
    /// Notes that `by` says that the file at `path` has this digest, and this size.
    pub(super) fn note(&mut self, by: &str, path: String, sha256: &str, size: Option<u64>) {
        self.said.entry(path).or_default().push(Said {
            by: by.to_owned(),
            sha256: sha256.to_owned(),
            size,
            signed: false,
        });
    }

    /// Notes what a statement says, which is believed over all others where it is signed by a key in hand.
    pub(super) fn note_statement(&mut self, by: &str, path: String, sha256: &str, signed: bool) {
        self.said.entry(path).or_default().push(Said {
            by: by.to_owned(),
            sha256: sha256.to_owned(),
            size: None,
            signed,
        });
    }

    /// Notes that `by` names every file, except itself and what signs it, whose path begins with `folder`.
    pub(super) fn note_complete(&mut self, by: &str, folder: &str) {
        self.complete.push((by.to_owned(), folder.to_owned()));
    }

    /// Notes that the file at `path` signs a list of all files.
    pub(super) fn note_signature(&mut self, path: &str) {
        self.signatures.insert(path.to_owned());
    }

    /// Notes all of a list of checksums, which is one of all files in its folder.
    pub(super) fn note_checksums(&mut self, path: &str, listing: &Listing, audit: &mut Audit) {
        let folder = &path[..path.rfind('/').map_or(0, |at| at + 1)];
        let Some(text) = listing.text(path, audit) else {
            if listing.get(path).is_none() {
                audit.integrity(path, "it is missing");
            }
            return;
        };
        match read_checksum_file(&text) {
            Ok(sums) => {
                for (name, sha256) in sums {
                    self.note(path, format!("{folder}{name}"), &sha256, None);
                }
                self.note_complete(path, folder);
            }
            Err((line, problem)) => audit.integrity(path, format!("line {line}: {problem}")),
        }
    }

    /// Holds all that was said against the files.
    pub(super) fn hear(&self, listing: &Listing, audit: &mut Audit) {
        for (path, said) in &self.said {
            match listing.get(path) {
                Some(stored) => compare(path, stored, said, audit),
                None => self.missing(path, said, audit),
            }
        }
        for path in listing.paths() {
            for (by, folder) in &self.complete {
                if path.starts_with(folder.as_str())
                    && path != by
                    && !self.signatures.contains(path)
                    && !self.has(by, path)
                {
                    audit.integrity(
                        path,
                        format!("it is not accounted for: {by} does not have it"),
                    );
                }
            }
        }
    }

    /// Where some do not know a file, those that do may be what was changed.
    fn missing(&self, path: &str, said: &[Said], audit: &mut Audit) {
        audit.integrity(path, format!("it is missing: {} has it", names(said)));
        let mut complete = self.complete.iter();
        let unknown = complete.find(|(by, folder)| path.starts_with(folder) && !self.has(by, path));
        if let Some((other, _)) = unknown {
            for said in said {
                let message = format!("it has {path}, which is not there and not in {other}");
                audit.integrity(&said.by, message);
            }
        }
    }

    fn has(&self, by: &str, path: &str) -> bool {
        let said = self.said.get(path);
        said.is_some_and(|said| said.iter().any(|said| said.by == by))
    }
}

/// Names whoever contradicts what is signed; where nothing is, whoever is in the minority: the file, or those who say
/// something else of it. With one witness alone it may be either.
fn compare(path: &str, stored: &Stored, said: &[Said], audit: &mut Audit) {
    let agrees = |said: &&Said| {
        said.sha256 == stored.sha256 && said.size.is_none_or(|size| size == stored.size)
    };
    let (for_it, against): (Vec<&Said>, Vec<&Said>) = said.iter().partition(agrees);
    if against.is_empty() {
        return;
    }
    let found = format!("{} bytes, sha256 {}", stored.size, stored.sha256);
    let signed_for_it = for_it.iter().any(|said| said.signed);
    let signed_against = against.iter().any(|said| said.signed);
    let file_is_wrong = signed_against || (!signed_for_it && against.len() >= for_it.len());
    if file_is_wrong {
        let others = against.iter().map(|said| {
            let size = said.size.map(|size| format!("{size} bytes, "));
            let size = size.unwrap_or_default();
            let signed = if said.signed {
                ", which is signed,"
            } else {
                ""
            };
            format!("{}{signed} says {size}sha256 {}", said.by, said.sha256)
        });
        let others: Vec<_> = others.collect();
        let doubt = match said {
            [Said { signed: false, .. }] => ": one of the two was changed",
            _ => "",
        };
        audit.integrity(
            path,
            format!("it has {found}; {}{doubt}", others.join(", ")),
        );
    }
    if signed_against {
        for said in for_it {
            let message = format!("it says that the changed {path} is right: it was changed, too");
            audit.integrity(&said.by, message);
        }
    } else if !for_it.is_empty() {
        for said in against {
            let message = format!(
                "it says sha256 {} of {path}; the file has {found}, and so says {}",
                said.sha256,
                names(for_it.iter().copied())
            );
            audit.integrity(&said.by, message);
        }
    }
}

fn names<'a>(said: impl IntoIterator<Item = &'a Said>) -> String {
    let names: Vec<_> = said.into_iter().map(|said| said.by.as_str()).collect();
    names.join(", ")
}
