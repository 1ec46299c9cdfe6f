//! Plans every chosen target of a release and looks which of them are built already.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};

use super::error::{ReleaseError, TargetError};
use super::file::{ReleaseFile, target_name};
use super::merge_error::MergeError;
use super::outcome::Place;
use super::progress::{Phase, ReleaseSink, TargetSink};
use super::target::Target;
use crate::build::{
    BuildError, BuildOrder, Prepared, ResultOrigin, Workspace, prepare, refuse_unknown_package,
    result_origin,
};
use crate::plan::{Plan, PlanError};
use crate::recipe::{Architecture, Source};

/// Sources that are fetched at a time.
const FETCHES: usize = 8;

/// The chosen targets of a release, each as far as it can be planned.
pub struct PlannedRelease<'a> {
    /// In the order of the file.
    pub targets: Vec<PlannedTarget<'a>>,
}

/// One target.
pub struct PlannedTarget<'a> {
    /// The target in the release file.
    pub target: &'a Target,
    /// Its name.
    pub label: String,
    /// The order of its build.
    pub order: &'a BuildOrder,
    /// What is known of its place before it is planned.
    pub place: Place,
    /// What is to be done.
    pub state: TargetState,
}

/// What is to be done for a target.
pub enum TargetState {
    /// The version needs no such build, and why.
    NotNeeded(String),
    /// It cannot be planned.
    Failed(TargetError),
    /// It is published, or will be.
    Wanted(Box<WantedTarget>),
}

/// A target that is to be published.
pub struct WantedTarget {
    /// Recipe, facts and plan.
    pub prepared: Prepared,
    /// Content key, where the image is known already.
    pub key: Option<String>,
    /// Where its result comes from.
    pub origin: ResultOrigin,
}

impl<'a> PlannedRelease<'a> {
    /// Plans the chosen targets of `file`.
    ///
    /// # Errors
    /// [`ReleaseError::Build`] when the engine does not answer or the run is stopped; a target that cannot be planned is
    /// part of the answer.
    pub async fn make(
        file: &'a ReleaseFile,
        workspace: &Workspace,
        progress: &dyn ReleaseSink,
    ) -> Result<Self, ReleaseError> {
        // Without an engine nothing can be planned, and one message is enough.
        workspace.engine().await?;
        let planning = file.chosen.iter().map(|(index, order)| async move {
            let target = &file.targets[*index];
            plan(target, order, workspace, progress).await
        });
        let targets: Vec<_> = stream::iter(planning).buffered(FETCHES).collect().await;
        if workspace.cancel.is_cancelled() {
            return Err(BuildError::Interrupted.into());
        }
        let mut planned = Self { targets };
        planned.refuse_one_place_for_two();
        Ok(planned)
    }

    /// The plans of what is not built yet.
    pub(super) fn to_build(&self) -> impl Iterator<Item = &Plan> {
        let states = self.targets.iter().map(|target| &target.state);
        states.filter_map(|state| match state {
            TargetState::Wanted(wanted) if wanted.origin == ResultOrigin::Build => {
                Some(&wanted.prepared.plan)
            }
            _ => None,
        })
    }

    /// Two targets may turn out to be one: a tag and its commit, an architecture and the engine's own.
    fn refuse_one_place_for_two(&mut self) {
        let mut places = BTreeMap::new();
        for target in &mut self.targets {
            let TargetState::Wanted(wanted) = &target.state else {
                continue;
            };
            let place = target.order.directory(&wanted.prepared.plan);
            if let Some(other) = places.insert(place, target.label.clone()) {
                target.state = TargetState::Failed(TargetError::SamePlace { other });
            }
        }
    }
}

/// The release, unless something of it would have to be built or cannot be planned.
///
/// # Errors
/// [`MergeError::NotInCache`] with everything that is in no cache; [`ReleaseError::Unplanned`].
pub fn require_cached(planned: PlannedRelease<'_>) -> Result<PlannedRelease<'_>, ReleaseError> {
    let (mut missing, mut targets) = (Vec::new(), Vec::new());
    for target in planned.targets {
        if let TargetState::Failed(error) = target.state {
            let target = target.label;
            return Err(ReleaseError::Unplanned { target, error });
        }
        if let TargetState::Wanted(wanted) = &target.state
            && wanted.origin == ResultOrigin::Build
        {
            missing.push(target.label.clone());
        }
        targets.push(target);
    }
    if missing.is_empty() {
        return Ok(PlannedRelease { targets });
    }
    Err(MergeError::NotInCache { missing }.into())
}

async fn plan<'a>(
    target: &'a Target,
    order: &'a BuildOrder,
    workspace: &Workspace,
    progress: &dyn ReleaseSink,
) -> PlannedTarget<'a> {
    let mut place = place(workspace, target).await;
    let label = target_name(workspace, target, Some(place.architecture()));
    let sink = TargetSink {
        progress,
        target: &label,
        phase: Phase::Planning,
    };
    let state = match want(order, workspace, &sink).await {
        Ok(wanted) => TargetState::Wanted(Box::new(wanted)),
        Err(BuildError::Plan(PlanError::NotNeeded {
            version, reason, ..
        })) => {
            place.version = version;
            TargetState::NotNeeded(reason)
        }
        Err(error) => TargetState::Failed(error.into()),
    };
    PlannedTarget {
        target,
        label,
        order,
        place,
        state,
    }
}

/// The place of a target of which there is no plan yet.
async fn place(workspace: &Workspace, target: &Target) -> Place {
    let own = workspace.engine().await;
    let own = own.map_or("unknown", |engine| engine.describe().architecture.as_str());
    let arch = target.arch.as_ref().map_or(own, Architecture::as_str);
    let version = match workspace.recipe(target.recipe.as_str()) {
        Ok(loaded) => match &loaded.recipe.source {
            Source::Directory(folder) => Some(folder.version.to_string()),
            Source::Git(_) => None,
        },
        Err(_) => None,
    };
    Place {
        version: target.version.clone().or(version).unwrap_or_default(),
        platform: format!("linux-{arch}"),
    }
}

async fn want(
    order: &BuildOrder,
    workspace: &Workspace,
    sink: &TargetSink<'_>,
) -> Result<WantedTarget, BuildError> {
    let prepared = prepare(order, workspace, sink).await?;
    refuse_unknown_package(&prepared, &order.destination.packages)?;
    let (origin, key) = result_origin(order, &prepared, workspace, sink).await?;
    Ok(WantedTarget {
        prepared,
        key,
        origin,
    })
}
