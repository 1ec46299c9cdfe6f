//! The release file, and which of its targets are meant.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glob::Pattern;

use super::error::ReleaseError;
use super::known_tags::KnownTags;
use super::matrix::{expand, unknown_recipe};
use super::order::Common;
use super::parse::{parse_release, read_release};
use super::part::Part;
use super::partition::{Durations, assign};
use super::repositories::check_repositories;
use super::schema::{Release, Repositories};
use super::target::Target;
use crate::artifacts::IndexPart;
use crate::attestation::{PackageKey, PackageKeyKind, SigningKey};
use crate::build::{BuildOrder, CacheUse, Workspace};
use crate::clock;
use crate::events::Warning;
use crate::recipe::{Document, Name, PackageFormat, Source};

/// Targets that an error lists as examples.
const EXAMPLES: usize = 5;

/// Which release is meant, and what holds for all of its targets.
#[derive(Debug, Clone)]
pub struct ReleaseOrder {
    /// The release file.
    pub file: PathBuf,
    /// Patterns of the targets that are meant; all when there are none.
    pub only: Vec<String>,
    /// The part that is meant; `None` for the whole.
    pub part: Option<Part>,
    /// The index of an earlier release, by whose durations the parts are made.
    pub durations: Option<PathBuf>,
    /// Most builds at a time, instead of the file's.
    pub jobs: Option<u32>,
    /// Directory for the results, instead of the file's.
    pub output: Option<PathBuf>,
    /// File of the key to sign with.
    pub signing_key: Option<PathBuf>,
    /// File of the `OpenPGP` key to sign packages with.
    pub package_key: Option<PathBuf>,
    /// What may be taken from where.
    pub cache: CacheUse,
    /// Stop the other targets when one fails.
    pub fail_fast: bool,
    /// Remove results and records of failures that no target has.
    pub prune: bool,
}

impl ReleaseOrder {
    /// The order to make the whole release of `file`, unsigned.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            only: Vec::new(),
            part: None,
            durations: None,
            jobs: None,
            output: None,
            signing_key: None,
            package_key: None,
            cache: CacheUse::default(),
            fail_fast: false,
            prune: false,
        }
    }
}

/// A release file with the targets that were chosen.
pub struct ReleaseFile {
    /// Directory for the results.
    pub(super) output: PathBuf,
    /// Most builds at a time, where the file or the order says so.
    pub(super) jobs: Option<u32>,
    /// Stop the other targets when one fails.
    pub(super) fail_fast: bool,
    /// Remove what no target has.
    pub(super) prune: bool,
    /// Key to sign with.
    pub(super) signing: Option<Arc<SigningKey>>,
    /// Key to sign packages with.
    pub(super) package_key: Option<Arc<PackageKey>>,
    /// Repositories to make.
    pub(super) repositories: Option<Repositories>,
    /// The lock file beside it.
    pub(super) lockfile: PathBuf,
    /// The part that is made, where it is not the whole.
    pub(super) part: Option<IndexPart>,
    /// All targets of the file, chosen or not.
    pub(super) targets: Vec<Target>,
    /// The chosen ones, by their place in `targets`, with the orders of their builds.
    pub(super) chosen: Vec<(usize, BuildOrder)>,
}

impl ReleaseFile {
    /// The targets that were not chosen.
    pub(super) fn left_out(&self) -> impl Iterator<Item = &Target> {
        let targets = self.targets.iter().enumerate();
        // They were chosen in order.
        let is_chosen = |index: &usize| {
            self.chosen
                .binary_search_by_key(index, |(chosen, _)| *chosen)
        };
        targets
            .filter(move |(index, _)| is_chosen(index).is_err())
            .map(|(_, target)| target)
    }

    /// Directory for the results.
    pub fn output(&self) -> &Path {
        &self.output
    }

    /// Whether it is signed.
    pub fn is_signed(&self) -> bool {
        self.signing.is_some()
    }

    /// What the user should know of the keys that the release is signed with.
    pub fn key_warnings(&self) -> Vec<Warning> {
        let exposed = self.signing.as_ref().and_then(|key| key.warning());
        let key = self.package_key.as_ref();
        let too_new = key.filter(|key| {
            let mut targets = self.targets.iter();
            key.public().kind() == PackageKeyKind::Ed25519
                // Its name says what its nodes are.
                && self.repositories.as_ref().is_none_or(|of| of.yum.is_none())
                && targets.any(|target| target.packages.contains(&PackageFormat::Rpm))
        });
        let of_packages = key.and_then(|key| key.warning());
        let too_new = too_new.map(|_| Warning::NotForOldRpm);
        exposed
            .into_iter()
            .chain(of_packages)
            .chain(too_new)
            .collect()
    }

    /// Refuses repositories that could not be made in the end. Plans and lock files need no key.
    ///
    /// # Errors
    /// [`ReleaseError::NoPackageKey`], [`ReleaseError::Repository`].
    pub fn check_repositories(&self) -> Result<(), ReleaseError> {
        match &self.repositories {
            Some(of) => check_repositories(of, &self.targets, self.package_key.as_deref()),
            None => Ok(()),
        }
    }

    /// Path of the lock file beside it.
    pub fn lockfile(&self) -> &Path {
        &self.lockfile
    }

    /// Reads the file of a release, whose recipes the workspace has: [`super::recipe_directories`]. The engine is asked for its architecture where patterns choose among targets that do not
    /// name theirs.
    ///
    /// # Errors
    /// [`ReleaseError`].
    pub async fn read(order: &ReleaseOrder, workspace: &Workspace) -> Result<Self, ReleaseError> {
        let path = &order.file;
        let (name, text) = read_release(path)?;
        let release = parse_release(&name, &text)?;
        let document = Document {
            file: &name,
            text: &text,
        };
        load_recipes(workspace, &release, document)?;
        let targets = expand(&name, &text, &release, |recipe| tags(workspace, recipe))?;
        let only = globs(&order.only)?;
        let own = if !only.is_empty() && targets.iter().any(|target| target.arch.is_none()) {
            let engine = workspace.engine().await?;
            Some(engine.describe().architecture.as_str())
        } else {
            None
        };
        let name_of = |target: &Target| target_name(workspace, target, own);
        let directory = path.parent().unwrap_or(Path::new(""));
        let output = match (&order.output, &release.output) {
            (Some(output), _) => output.clone(),
            (None, Some(output)) => directory.join(output),
            (None, None) => directory.join("dist"),
        };
        let signing = order.signing_key.as_deref().map(SigningKey::read);
        let now = clock::now().as_second();
        let package_key = order.package_key.as_deref();
        let package_key = package_key.map(|path| PackageKey::read(path, now));
        let package_key = package_key.transpose()?.map(Arc::new);
        let common = Common {
            directory,
            output: output.clone(),
            cache: order.cache,
            signing: signing.transpose()?.map(Arc::new),
            package_key,
        };
        let parts = Parts::of(order, workspace, &targets)?;
        let chosen: Vec<_> = targets
            .iter()
            .enumerate()
            .filter(|(index, target)| {
                let is_meant = only.is_empty() || {
                    let name = name_of(target);
                    only.iter().any(|pattern| is_meant(pattern, &name))
                };
                is_meant && parts.as_ref().is_none_or(|parts| parts.has(*index))
            })
            .map(|(index, target)| (index, target.order(&common)))
            .collect();
        if let (true, Some(part)) = (chosen.is_empty(), order.part) {
            return Err(ReleaseError::EmptyPart {
                part,
                total: targets.len(),
            });
        }
        if chosen.is_empty() {
            return Err(ReleaseError::NoTarget {
                file: name,
                total: targets.len(),
                patterns: order.only.clone(),
                examples: targets.iter().take(EXAMPLES).map(name_of).collect(),
            });
        }
        Ok(Self {
            output,
            jobs: order.jobs.or(release.jobs),
            fail_fast: order.fail_fast,
            prune: order.prune,
            signing: common.signing,
            package_key: common.package_key,
            repositories: release.repositories,
            // It has one name, as a directory has one release.
            lockfile: path.with_file_name("kmembuild.lock"),
            part: parts.map(Parts::described),
            targets,
            chosen,
        })
    }

    /// Names of all targets, as far as they are known without an engine: what the parts of a release are made by.
    pub(super) fn names(&self, workspace: &Workspace) -> Vec<String> {
        let targets = self.targets.iter();
        targets
            .map(|target| target_name(workspace, target, None))
            .collect()
    }
}

/// The parts of a release, and the one that is made.
struct Parts {
    part: Part,
    names: Vec<String>,
    assigned: Vec<u32>,
}

impl Parts {
    /// `None` where the whole is made.
    fn of(
        order: &ReleaseOrder,
        workspace: &Workspace,
        targets: &[Target],
    ) -> Result<Option<Self>, ReleaseError> {
        let Some(part) = order.part else {
            return Ok(None);
        };
        let durations = order.durations.as_deref().map(Durations::read);
        let durations = durations.transpose()?.unwrap_or_default();
        let names = targets.iter();
        let names: Vec<_> = names
            .map(|target| target_name(workspace, target, None))
            .collect();
        let assigned = assign(&names, &durations, part.of);
        Ok(Some(Self {
            part,
            names,
            assigned,
        }))
    }

    fn has(&self, index: usize) -> bool {
        self.assigned.get(index) == Some(&self.part.number)
    }

    fn described(self) -> IndexPart {
        let own = self.names.iter().enumerate();
        let own = own.filter(|(index, _)| self.has(*index));
        IndexPart {
            number: self.part.number,
            of: self.part.of,
            own: own.map(|(_, name)| name.clone()).collect(),
            all: self.names,
        }
    }
}

/// The name of a target, where `own` is the architecture of the engine.
pub(super) fn target_name(workspace: &Workspace, target: &Target, own: Option<&str>) -> String {
    target.name(tags(workspace, &target.recipe).ok().as_ref(), own)
}

/// Whether a pattern means the target of that name, or the directory of a version or of a recipe that it is in.
fn is_meant(pattern: &Pattern, name: &str) -> bool {
    let above = name.match_indices('/').map(|(end, _)| &name[..end]);
    pattern.matches(name) || above.into_iter().any(|above| pattern.matches(above))
}

/// `runc/*` means all of runc: a star matches slashes as well.
fn globs(patterns: &[String]) -> Result<Vec<Pattern>, ReleaseError> {
    let parse = |pattern: &String| {
        Pattern::new(pattern).map_err(|source| ReleaseError::Pattern {
            pattern: pattern.clone(),
            source,
        })
    };
    patterns.iter().map(parse).collect()
}

/// What is known of a recipe's versions, or what recipes there are.
fn tags(workspace: &Workspace, recipe: &Name) -> Result<KnownTags, Vec<String>> {
    let Ok(loaded) = workspace.recipe(recipe.as_str()) else {
        return Err(recipes(workspace));
    };
    Ok(match &loaded.recipe.source {
        Source::Git(git) => KnownTags::Git(git.tags.keys().cloned().collect()),
        Source::Directory(folder) => KnownTags::Directory(folder.version.clone()),
    })
}

fn recipes(workspace: &Workspace) -> Vec<String> {
    let listed = workspace.library.list().unwrap_or_default();
    listed.into_iter().map(|recipe| recipe.name).collect()
}

/// Reads the recipes of a release. That a recipe is refused, and why, says more than that it is missing.
fn load_recipes(
    workspace: &Workspace,
    release: &Release,
    document: Document<'_>,
) -> Result<(), ReleaseError> {
    let available: BTreeSet<_> = recipes(workspace).into_iter().collect();
    let mut wanted = BTreeSet::new();
    for target in &release.targets {
        let recipe = &target.value.recipe;
        let name = recipe.value.as_str();
        if !available.contains(name) {
            let error = unknown_recipe(document, recipe, available.iter().map(String::as_str));
            return Err(ReleaseError::NoRecipe(error));
        }
        if wanted.insert(name) {
            workspace.recipe(name)?;
        }
    }
    Ok(())
}
