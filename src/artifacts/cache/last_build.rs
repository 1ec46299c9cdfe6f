//! How long a build took the last time, according to what the cache has of it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::entry::Entry;
use super::results::Results;
use crate::artifacts::read_manifest;

/// An earlier build of a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastBuild {
    /// Its version.
    pub version: String,
    /// How long all of it took, to the second.
    pub took: Duration,
    /// How long each step took, by name.
    pub steps: BTreeMap<String, Duration>,
}

/// The builds that the cache has, as far as their lists tell.
#[derive(Debug)]
pub struct PastBuilds<'a> {
    results: &'a Results,
    entries: Vec<(Entry, SystemTime)>,
}

impl Results {
    /// The builds that the cache has; none where it cannot be read, as nothing depends on them.
    pub fn past_builds(&self) -> PastBuilds<'_> {
        let entries = self.list().unwrap_or_default().entries.into_iter();
        let entries = entries.filter_map(|listed| Some((listed.entry.ok()?, listed.used)));
        PastBuilds {
            results: self,
            entries: entries.collect(),
        }
    }
}

impl PastBuilds<'_> {
    /// The build of a recipe for a platform that was used last; one of the same version comes before all others.
    pub fn last(&self, recipe: &str, version: &str, platform: &str) -> Option<LastBuild> {
        let of_recipe = self.entries.iter();
        let of_recipe =
            of_recipe.filter(|(entry, _)| entry.recipe == recipe && entry.platform == platform);
        let (entry, _) = of_recipe.max_by_key(|(entry, used)| (entry.version == version, *used))?;
        let manifest = read_manifest(&self.results.entry_folder(&entry.key)).ok()?;
        let time = |text: &str| text.parse::<Timestamp>().ok();
        let (begun, ended) = (time(&manifest.started_at)?, time(&manifest.built_at)?);
        let steps = manifest.commands.into_iter();
        Some(LastBuild {
            version: manifest.version,
            // A clock that was set back in between says nothing.
            took: Duration::try_from(ended.duration_since(begun)).ok()?,
            steps: steps
                .map(|step| (step.name, Duration::from_millis(step.milliseconds)))
                .collect(),
        })
    }
}
