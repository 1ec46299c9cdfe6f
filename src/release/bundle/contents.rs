//! What a bundle would have.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::error::ReleaseError;
use super::super::file::ReleaseFile;
use super::super::lock::refuse_drift;
use super::super::plan::PlannedRelease;
use super::super::progress::ReleaseSink;
use super::make::{Target, carried};
use crate::build::Workspace;
use crate::execute::image_name;
use crate::plan::PlannedSource;

/// What a bundle would have, beside the release file, its recipes and the tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BundleContents {
    /// The targets that can be built from it, by their names.
    pub targets: Vec<String>,
    /// The names of the recipes, with all commits of their upstreams.
    pub sources: BTreeMap<String, BTreeSet<String>>,
    /// The names of the images.
    pub images: BTreeSet<String>,
}

/// Plans a release as for [`super::make_bundle`], and says what the bundle would have. Nothing is written but what planning
/// fetches; the engine is not asked.
///
/// # Errors
/// [`ReleaseError`].
pub async fn bundle_contents(
    file: &ReleaseFile,
    workspace: &Workspace,
    progress: &dyn ReleaseSink,
) -> Result<BundleContents, ReleaseError> {
    let planned = PlannedRelease::make(file, workspace, progress).await?;
    refuse_drift(&planned, workspace)?;
    Ok(contents_of(&carried(planned)?))
}

fn contents_of(targets: &[Target<'_>]) -> BundleContents {
    let mut contents = BundleContents {
        targets: Vec::new(),
        sources: BTreeMap::new(),
        images: BTreeSet::new(),
    };
    for target in targets {
        let plan = &target.prepared.plan;
        contents.targets.push(target.label.clone());
        contents.images.insert(image_name(plan));
        if let PlannedSource::Git { commit, .. } = &plan.source {
            let of_recipe = contents.sources.entry(plan.recipe.name.clone());
            of_recipe.or_default().insert(commit.clone());
        }
    }
    contents
}
