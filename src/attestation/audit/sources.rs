//! The sources that record something about files, and what they claim.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::{Listing, Stored};
use super::outcome::Audit;

/// All claims about files, by path.
#[derive(Default)]
pub(super) struct Sources {
    claims: BTreeMap<String, Vec<Claim>>,
    /// The sources that list every file of a directory, by the prefix of the paths in it.
    complete: BTreeMap<String, Vec<String>>,
    /// The files that sign a list of all files, and cannot be in it.
    signatures: BTreeSet<String>,
    /// Directories that no list of all files knows, with a slash at their end.
    leftovers: BTreeSet<String>,
}

/// What one source claims about one file.
struct Claim {
    /// Path of the source.
    by: String,
    sha256: String,
    size: Option<u64>,
    /// Whether it is signed by one of the user's keys.
    signed: bool,
}

impl Sources {
    /// Adds the claim of `by` that the file at `path` has this digest, and perhaps this size.
    pub(super) fn add(&mut self, by: &str, path: String, sha256: &str, size: Option<u64>) {
        self.add_claim(by, path, sha256, size, false);
    }

    /// Adds a claim of a statement, which is believed over all others if one of the user's keys signed it.
    pub(super) fn add_statement(&mut self, by: &str, path: String, sha256: &str, signed: bool) {
        self.add_claim(by, path, sha256, None, signed);
    }

    fn add_claim(&mut self, by: &str, path: String, sha256: &str, size: Option<u64>, signed: bool) {
        self.claims.entry(path).or_default().push(Claim {
            by: by.to_owned(),
            sha256: sha256.to_owned(),
            size,
            signed,
        });
    }

    /// Adds `by` as a list of every file below `folder`, except itself and the file that signs it.
    pub(super) fn add_complete(&mut self, by: &str, folder: &str) {
        let lists = self.complete.entry(folder.to_owned()).or_default();
        lists.push(by.to_owned());
    }

    /// Adds the file at `path` as the signature of a list of all files.
    pub(super) fn add_signature(&mut self, path: &str) {
        self.signatures.insert(path.to_owned());
    }

    /// Adds a directory of which it is said once that it is not part of the whole, and not of each of its files. Returns
    /// whether it is new.
    pub(super) fn add_leftover(&mut self, folder: &str) -> bool {
        self.leftovers.insert(format!("{folder}/"))
    }

    /// Compares all claims with the files.
    pub(super) fn compare_all(&self, listing: &Listing, audit: &mut Audit) {
        for (path, claims) in &self.claims {
            match listing.get(path) {
                Some(stored) => compare(path, stored, claims, audit),
                None => self.missing(path, claims, audit),
            }
        }
        let is_left_over =
            |path: &str| folders_of(path).any(|folder| self.leftovers.contains(folder));
        for path in listing.paths().filter(|path| !is_left_over(path)) {
            for by in self.complete_for(path) {
                if path != by && !self.signatures.contains(path) && !self.has(by, path) {
                    audit.integrity(path, format!("unexpected file: not listed in {by}"));
                }
            }
        }
    }

    /// If some sources do not list a missing file, those that do may have been changed.
    fn missing(&self, path: &str, claims: &[Claim], audit: &mut Audit) {
        audit.integrity(path, format!("missing, but listed in {}", names(claims)));
        let unknown = self.complete_for(path).find(|by| !self.has(by, path));
        if let Some(other) = unknown {
            for claim in claims {
                let message =
                    format!("it lists {path}, which is missing and not listed in {other}");
                audit.integrity(&claim.by, message);
            }
        }
    }

    /// The sources that should list the file at `path`, those of the outermost directory first.
    fn complete_for<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        let lists = folders_of(path).filter_map(|folder| self.complete.get(folder));
        lists.flatten().map(String::as_str)
    }

    /// Whether one of the user's keys signed the digest of the file at `path`.
    pub(super) fn is_signed(&self, path: &str) -> bool {
        let claims = self.claims.get(path);
        claims.is_some_and(|claims| claims.iter().any(|claim| claim.signed))
    }

    fn has(&self, by: &str, path: &str) -> bool {
        let claims = self.claims.get(path);
        claims.is_some_and(|claims| claims.iter().any(|claim| claim.by == by))
    }
}

/// The directories that a file is in, as prefixes of its path: the empty one first, and its own last.
pub(super) fn folders_of(path: &str) -> impl Iterator<Item = &str> {
    let slashes = path.match_indices('/');
    std::iter::once("").chain(slashes.map(|(at, _)| &path[..=at]))
}

/// Reports whatever contradicts a signed claim; without one, whatever is in the minority: the file, or the sources that
/// claim something else. With a single source it may be either.
fn compare(path: &str, stored: &Stored, claims: &[Claim], audit: &mut Audit) {
    let agrees = |claim: &&Claim| {
        claim.sha256 == stored.sha256 && claim.size.is_none_or(|size| size == stored.size)
    };
    let (for_it, against): (Vec<&Claim>, Vec<&Claim>) = claims.iter().partition(agrees);
    if against.is_empty() {
        return;
    }
    let found = format!("{} bytes, sha256 {}", stored.size, stored.sha256);
    let signed_for_it = for_it.iter().any(|claim| claim.signed);
    let signed_against = against.iter().any(|claim| claim.signed);
    let file_is_wrong = signed_against || (!signed_for_it && against.len() >= for_it.len());
    if file_is_wrong {
        let others = against.iter().map(|claim| {
            let size = claim.size.map(|size| format!("{size} bytes, "));
            let size = size.unwrap_or_default();
            let signed = if claim.signed { " (signed)" } else { "" };
            format!("{}{signed} records {size}sha256 {}", claim.by, claim.sha256)
        });
        let others: Vec<_> = others.collect();
        let doubt = match claims {
            [Claim { signed: false, .. }] => "; one of the two was changed",
            _ => "",
        };
        audit.integrity(
            path,
            format!("it has {found}; {}{doubt}", others.join(", ")),
        );
    }
    if signed_against {
        for claim in for_it {
            let message =
                format!("it records the changed {path} as correct, so it was changed as well");
            audit.integrity(&claim.by, message);
        }
    } else if !for_it.is_empty() {
        for claim in against {
            let message = format!(
                "it records sha256 {} for {path}, but the file has {found}, as recorded in {}",
                claim.sha256,
                names(for_it.iter().copied())
            );
            audit.integrity(&claim.by, message);
        }
    }
}

fn names<'a>(claims: impl IntoIterator<Item = &'a Claim>) -> String {
    let names: Vec<_> = claims.into_iter().map(|claim| claim.by.as_str()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::folders_of;

    #[test]
    fn the_folders_of_a_path_begin_outside() {
        let folders = |path| folders_of(path).collect::<Vec<_>>();
        assert_eq!(folders("a"), [""]);
        assert_eq!(folders("a/b/c"), ["", "a/", "a/b/"]);
    }
}
