//! Runs the planned steps in a session and collects the outputs.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use super::ask::packages;
use super::capabilities::{check_capabilities, not_enforced};
use super::client;
use super::context::Context;
use super::error::ExecuteError;
use super::image::{UsedImage, provide};
use super::needs::check_needs;
use super::outputs::take_all_out;
use super::script;
use super::session_end::{close, short, until_cancelled};
use super::step::run_step;
use super::toolchain::check_toolchain;
use super::unpack::unpack_source;
use crate::artifacts::{CollectedFile, NotEnforced, PackageVersion, StepRecord, Toolchain};
use crate::engine::{
    Cache, EngineInfo, GuestPath, Limits, Network, Privileges, Session, SessionSpec, Workdir,
};
use crate::events::{Stage, Warning};
use crate::number_of::number_of;
use crate::plan::{Plan, PlannedSource};
use crate::recipe;
use crate::verify::{Expectations, VersionRun};

/// The result of an execution.
#[derive(Debug)]
pub struct Built {
    /// The image in which the steps ran.
    pub image: UsedImage,
    /// The tree that was compiled, where patches changed it.
    pub patched_tree: Option<String>,
    /// Packages of the image, if it is a Debian image.
    pub packages: Vec<PackageVersion>,
    /// The image's toolchain, if the plan requires one.
    pub toolchain: Option<Toolchain>,
    /// The steps, in order.
    pub steps: Vec<StepRecord>,
    /// The collected files, the plan's outputs first, each with its expectations.
    pub files: Vec<(CollectedFile, Expectations)>,
    /// What the outputs printed about their version in the container, by file name.
    pub version_runs: BTreeMap<String, VersionRun>,
    /// What the plan demands of the surroundings of the steps, and the engine could not keep.
    pub not_enforced: Vec<NotEnforced>,
}

/// Time that the session outlives the limit of its build, for collecting and for a slow engine.
const GRACE: Duration = Duration::from_mins(10);

/// Provides the planned image on the engine.
///
/// # Errors
/// An [`ExecuteError`] with what failed.
pub async fn provide_image(
    plan: &Plan,
    engine: &EngineInfo,
    context: &Context<'_>,
) -> Result<UsedImage, ExecuteError> {
    check_capabilities(plan, engine, context)?;
    let stage = Stage::begin(context.sink, "image", describe_image(plan));
    let image = provide(plan, &engine.architecture, context).await?;
    stage.end(format!("{} ({})", image.name, short(&image.image.id)));
    Ok(image)
}

/// Carries out `plan` in `image`; the outputs go into the directory `staging`. The session is closed on every path, and
/// what upstream's own script made is removed, unless a failed build is to be kept.
///
/// # Errors
/// An [`ExecuteError`] with what failed.
pub async fn execute(
    plan: &Plan,
    engine: &EngineInfo,
    image: UsedImage,
    context: &Context<'_>,
    staging: &Path,
) -> Result<Built, ExecuteError> {
    check_capabilities(plan, engine, context)?;
    let not_enforced = not_enforced(plan, engine);
    if not_enforced.contains(&NotEnforced::Network) {
        let warning = Warning::NetworkOpen(engine.version.clone());
        context.sink.event(&warning.into());
    }
    if not_enforced.contains(&NotEnforced::Limits) {
        let warning = Warning::NoLimits(engine.version.clone());
        context.sink.event(&warning.into());
    }
    let surroundings = match &plan.build.script {
        None => None,
        Some(script) => {
            let surround = script::surround(plan, script, &image, context);
            Some(until_cancelled(context, surround).await?)
        }
    };
    let built = in_container(plan, &engine.architecture, &image, context, staging).await;
    let built = built.map(|built| Built {
        not_enforced,
        ..built
    });
    if let Some(surroundings) = surroundings
        && !context.keep
    {
        script::remove_what_is_left(surroundings, context).await;
    }
    built
}

/// Opens the session, works in it and closes it on every path.
async fn in_container(
    plan: &Plan,
    engine_architecture: &str,
    image: &UsedImage,
    context: &Context<'_>,
    staging: &Path,
) -> Result<Built, ExecuteError> {
    let spec = session_spec(plan, image, context);
    // Not cancelled half-way: between its creation and its start nobody knows the container.
    let opened = context.engine.open(&spec).await;
    let session = opened.map_err(|source| {
        // It may have been created before the failure.
        context.run.leaves_something();
        script::open_failed(source, context)
    })?;
    let work = Work {
        plan,
        engine_architecture,
        image,
        context,
        spec: &spec,
        session: &*session,
    };
    let outcome = async {
        work.provide_client().await?;
        until_cancelled(context, work.to_the_end(staging)).await
    }
    .await;
    let kept = outcome.as_ref().err();
    if kept.and_then(ExecuteError::kept_container).is_none() {
        close(&*session, context).await;
    }
    outcome
}

/// The work in an open session.
struct Work<'a> {
    plan: &'a Plan,
    engine_architecture: &'a str,
    image: &'a UsedImage,
    context: &'a Context<'a>,
    spec: &'a SessionSpec,
    session: &'a dyn Session,
}

impl Work<'_> {
    /// Makes sure that upstream's script has a client of the engine.
    async fn provide_client(&self) -> Result<(), ExecuteError> {
        let (context, session) = (self.context, self.session);
        let Some(script) = &self.plan.build.script else {
            return Ok(());
        };
        let client = until_cancelled(context, async {
            if client::lacks_client(script, session).await {
                client::provide_client(script, context).await.map(Some)
            } else {
                Ok(None)
            }
        });
        match client.await? {
            None => Ok(()),
            Some(client) => client::copy_client(script, &client, self.spec, context, session).await,
        }
    }

    async fn to_the_end(&self, staging: &Path) -> Result<Built, ExecuteError> {
        let (plan, context, session) = (self.plan, self.context, self.session);
        // Concurrently: they are independent, and each question to an engine takes time.
        let (toolchain, (), packages, patched_tree) = tokio::try_join!(
            async {
                match &plan.build.toolchain {
                    None => Ok(None),
                    Some(planned) => {
                        let checked = check_toolchain(planned, &self.image.name, session);
                        checked.await.map(Some)
                    }
                }
            },
            async {
                check_needs(&plan.build, context, session).await;
                Ok(())
            },
            async { Ok(packages(session).await) },
            unpack_source(plan, context, session),
        )?;
        let steps = self.steps().await?;
        let detail = "collecting the outputs".to_owned();
        let collecting = Stage::begin(context.sink, "collect", detail);
        let taken = take_all_out(plan, self.engine_architecture, session, staging).await?;
        let bytes = taken.files.iter().map(|(file, _)| file.size).sum::<u64>();
        let files = taken.files.len();
        collecting.end(format!(
            "{}, {}",
            number_of(files, "file"),
            bytesize::ByteSize(bytes)
        ));
        Ok(Built {
            image: self.image.clone(),
            patched_tree,
            packages,
            toolchain,
            steps,
            files: taken.files,
            version_runs: taken.version_runs,
            not_enforced: Vec::new(),
        })
    }

    async fn steps(&self) -> Result<Vec<StepRecord>, ExecuteError> {
        let build = &self.plan.build;
        let mut steps = Vec::new();
        let limit = Duration::from_secs(build.limits.timeout_seconds);
        let started = Instant::now();
        for (index, step) in build.steps.iter().enumerate() {
            let remaining = limit.saturating_sub(started.elapsed());
            let running = run_step(self.plan, index, self.context, self.session);
            match tokio::time::timeout(remaining, running).await {
                Ok(record) => steps.push(record?),
                Err(_) => {
                    return Err(ExecuteError::TimedOut {
                        step: step.name.clone(),
                        limit,
                        kept: self.context.keep.then(|| self.session.entrance()),
                    });
                }
            }
        }
        Ok(steps)
    }
}

fn session_spec(plan: &Plan, image: &UsedImage, context: &Context<'_>) -> SessionSpec {
    let lifetime = Duration::from_secs(plan.build.limits.timeout_seconds) + GRACE;
    let labels = context.session_labels(&plan.recipe.name, lifetime);
    let image_id = image.image.id.trim_start_matches("sha256:");
    // A toolchain reads only caches that it wrote.
    let key = |name: &str| {
        format!(
            "kmembuild-{}-{name}-{}",
            plan.recipe.name,
            &image_id[..12.min(image_id.len())]
        )
    };
    let build = &plan.build;
    let workdir = GuestPath::new(&build.workdir);
    SessionSpec {
        image: image.image.id.clone(),
        name: format!("kmembuild-{}-{}", plan.recipe.name, context.run.id()),
        hostname: build.script.is_some().then(|| script::hostname(context)),
        workdir: match plan.source {
            PlannedSource::Git { .. } => Workdir::Scratch(workdir),
            // The source is what the image holds there.
            PlannedSource::Directory { .. } => Workdir::OfImage(workdir),
        },
        caches: build
            .caches
            .iter()
            .map(|cache| Cache {
                key: key(&cache.name),
                path: GuestPath::new(&cache.path),
            })
            .collect(),
        labels,
        network: match build.network {
            recipe::Network::None => Network::None,
            recipe::Network::Open => Network::Open,
        },
        limits: Limits {
            memory: build.limits.memory,
            nano_cpus: build.limits.nano_cpus,
        },
        privileges: Privileges {
            makes_cgroups: false,
            drives_engine: build.script.is_some(),
        },
        lifetime,
    }
}

fn describe_image(plan: &Plan) -> String {
    use crate::plan::PlannedImage;
    match &plan.image {
        PlannedImage::Registry(base) => format!("image {}", base.name),
        PlannedImage::Dockerfile { way, bases, .. } => {
            let names: Vec<_> = bases.iter().map(|base| base.name.as_str()).collect();
            format!("{way} image based on {}", names.join(", "))
        }
        PlannedImage::Debian(debian) => {
            let (suite, packages) = (&debian.suite, debian.packages.len());
            format!("Debian {suite} with {packages} selected packages")
        }
        PlannedImage::Archive { image_id } => format!("image {} from the archive", short(image_id)),
        PlannedImage::Container { .. } => "the container that kmembuild runs in".to_owned(),
    }
}
