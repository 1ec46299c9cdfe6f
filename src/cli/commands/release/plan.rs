//! Plans every chosen target of a release and looks which of them are built already.

use futures_util::{StreamExt, stream};

use super::super::beside::{Beside, refuse_unknown_package};
use super::super::prepare::{Prepared, prepare};
use super::super::produce::{Order, Trial, is_current, known_key};
use super::super::{Invocation, explain};
use super::file::ReleaseFile;
use super::run::Place;
use crate::attestation::SigningKey;
use crate::cli::args::BuildArguments;
use crate::failure::{Failure, FailureKind};
use crate::plan::{Plan, PlanError};
use crate::recipe::{Architecture, Source};
use crate::release::Target;
use crate::report::ReleaseProgress;

/// Sources that are fetched at a time.
const FETCHES: usize = 8;

/// The chosen targets of a release, each as far as it can be planned.
pub(super) struct Planned<'a> {
    /// In the order of the file.
    pub(super) targets: Vec<PlannedTarget<'a>>,
}

/// One target.
pub(super) struct PlannedTarget<'a> {
    /// The target in the release file.
    pub(super) target: &'a Target,
    /// Its label.
    pub(super) label: String,
    /// What is asked of its build.
    pub(super) arguments: &'a BuildArguments,
    /// What is known of its place before it is planned.
    pub(super) place: Place,
    /// What is to be done.
    pub(super) state: State,
}

/// What is to be done for a target.
pub(super) enum State {
    /// The version needs no such build, and why.
    NotNeeded(String),
    /// It cannot be planned.
    Failed(Failure),
    /// It is published, or will be.
    Wanted(Box<Wanted>),
}

/// A target that is to be published.
pub(super) struct Wanted {
    pub(super) prepared: Prepared,
    /// Content key, where the image is known already.
    pub(super) key: Option<String>,
    pub(super) from: From,
}

/// Where a result comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum From {
    /// It is published as it should be.
    Published,
    /// It is in the cache.
    Cache,
    /// It has to be built.
    Build,
}

impl<'a> Planned<'a> {
    /// Plans the chosen targets of `file`.
    pub(super) async fn make(
        invocation: &Invocation<'_>,
        file: &'a ReleaseFile,
        progress: &ReleaseProgress,
    ) -> Result<Self, Failure> {
        // Without an engine nothing can be planned, and one message is enough.
        invocation.connected().await?;
        let planning = file.chosen.iter().map(|(index, arguments)| async move {
            let target = &file.targets[*index];
            let label = target.label();
            let sink = progress.planning(&label);
            let mut place = place(invocation, target).await;
            let state = match prepare(invocation, target.recipe.as_str(), arguments, &sink).await {
                Ok(prepared) => match want(
                    invocation,
                    target,
                    arguments,
                    prepared,
                    file.signing.as_ref(),
                )
                .await
                {
                    Ok(wanted) => State::Wanted(Box::new(wanted)),
                    Err(failure) => State::Failed(failure),
                },
                Err(failure) => match failure.source.downcast_ref() {
                    Some(PlanError::NotNeeded {
                        version, reason, ..
                    }) => {
                        place.version.clone_from(version);
                        State::NotNeeded(reason.clone())
                    }
                    _ => State::Failed(failure),
                },
            };
            PlannedTarget {
                target,
                label,
                arguments,
                place,
                state,
            }
        });
        let targets: Vec<_> = stream::iter(planning).buffered(FETCHES).collect().await;
        if invocation.cancel.is_cancelled() {
            return Err(explain::interrupted());
        }
        let mut planned = Self { targets };
        planned.refuse_one_place_for_two();
        Ok(planned)
    }

    /// The plans of what is not built yet.
    pub(super) fn to_build(&self) -> impl Iterator<Item = &Plan> {
        let wanted = self
            .targets
            .iter()
            .filter_map(|target| match &target.state {
                State::Wanted(wanted) if wanted.from == From::Build => Some(wanted),
                _ => None,
            });
        wanted.map(|wanted| &wanted.prepared.plan)
    }

    /// Two targets may turn out to be one: a tag and its commit, an architecture and the engine's own.
    fn refuse_one_place_for_two(&mut self) {
        let mut places = std::collections::BTreeMap::new();
        for target in &mut self.targets {
            let State::Wanted(wanted) = &target.state else {
                continue;
            };
            let order = order(target.target, target.arguments, &wanted.prepared, None);
            let place = order.destination(&wanted.prepared.plan);
            if let Some(other) = places.insert(place, target.label.clone()) {
                let text = format!(
                    "it would be published in the same place as {other}; `variant: NAME` tells two builds apart"
                );
                target.state = State::Failed(Failure::new(FailureKind::Recipe, text));
            }
        }
    }
}

/// The place of a target of which there is no plan yet.
async fn place(invocation: &Invocation<'_>, target: &Target) -> Place {
    let own = invocation.connected().await;
    let own = own.map_or("unknown", |connected| connected.info.architecture.as_str());
    let arch = target.arch.as_ref().map_or(own, Architecture::as_str);
    let version = match invocation.recipe(target.recipe.as_str()) {
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
    invocation: &Invocation<'_>,
    target: &Target,
    arguments: &BuildArguments,
    prepared: Prepared,
    signing: Option<&SigningKey>,
) -> Result<Wanted, Failure> {
    let key = known_key(invocation, &prepared.plan).await?;
    refuse_unknown_package(&prepared, &target.packages)?;
    let order = order(target, arguments, &prepared, signing);
    let from = match &key {
        _ if arguments.caches.no_cache => From::Build,
        Some(key) if is_current(invocation, &prepared, &order, key) => From::Published,
        Some(key) if matches!(invocation.results().look_up(key), Ok(Some(_))) => From::Cache,
        _ => From::Build,
    };
    Ok(Wanted {
        prepared,
        key,
        from,
    })
}

/// Where the result of a target goes.
pub(super) fn order<'a>(
    target: &'a Target,
    arguments: &'a BuildArguments,
    prepared: &Prepared,
    key: Option<&'a SigningKey>,
) -> Order<'a> {
    let platform = &prepared.plan.platform;
    let folder = match &target.variant {
        Some(variant) => format!("{platform}-{variant}"),
        None => platform.clone(),
    };
    let packages = &target.packages;
    Order {
        trial: match target.options.verify_run {
            None => Trial::WhereItCan,
            Some(true) => Trial::Yes,
            Some(false) => Trial::No,
        },
        arguments,
        folder,
        beside: Beside { packages, key },
    }
}
