//! `kmembuild RECIPE`: the road from a recipe to a proven, published result.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Invocation, explain};
use crate::artifacts::{
    ArtifactError, BUILD_LOG, BuildLog, MANIFEST, MANIFEST_FORMAT, Manifest, ManifestFile,
    ManifestImage, ManifestSource, PLAN, SHA256SUMS, Target, checksum_file,
};
use crate::checksum::sha256_hex;
use crate::cli::args::{BuildArguments, Format, ImageChoice};
use crate::engine::{DockerEngine, Engine, EngineInfo};
use crate::events::{Event, Sink, Tee};
use crate::execute::{Built, Context, Run, Sweep, execute, sweep};
use crate::facts::{Facts, GitFacts, SourceFacts, read_archive_identity, read_tree};
use crate::failure::{Failure, FailureKind};
use crate::library::LoadedRecipe;
use crate::plan::{Plan, PlannedImage, PlannedSource, Request, canonical_json, make_plan};
use crate::recipe::{GitSource, ImageWay, Source, Version};
use crate::report::{CheckedFile, JSON_FORMAT, Progress, check_table, print};
use crate::source::{FetchRequest, Served, Store};
use crate::verify::{inspect, judge};

/// Longest time without a byte from a mirror, when nobody says otherwise.
const STALL: Duration = Duration::from_secs(30);

/// Builds, proves and publishes; prints the result.
pub(super) async fn run(
    invocation: &Invocation<'_>,
    name: &str,
    arguments: &BuildArguments,
) -> Result<(), Failure> {
    invocation.refuse_format(Format::Yaml)?;
    let terminal = invocation.environment.progress_terminal;
    let progress = Progress::new(invocation.json(), terminal, invocation.verbosity());
    let built = build(invocation, name, arguments, &progress).await;
    progress.finish();
    let result = match &built {
        Ok(manifest) => Outcome::Published {
            folder: manifest.0.clone(),
            manifest: &manifest.1,
        },
        Err(failure) => Outcome::Failed {
            exit_code: failure.kind.exit_code(),
            message: failure.source.to_string(),
            causes: failure.causes(),
            hints: failure.hints.clone(),
        },
    };
    if invocation.json() {
        if let Ok(text) = serde_json::to_string(&OutcomeLine {
            format: JSON_FORMAT,
            data: &result,
        }) {
            print(&(text + "\n"));
        }
    } else if let Outcome::Published { folder, manifest } = &result {
        let files: Vec<_> = manifest.files.iter().map(checked).collect();
        print(&check_table(&files, invocation.environment.output_terminal));
        print(&format!("{folder}\n"));
    }
    built.map(|_| ())
}

/// The last line of `--format json`.
#[derive(Serialize)]
struct OutcomeLine<'a> {
    format: u32,
    data: &'a Outcome<'a>,
}

#[derive(Serialize)]
#[serde(
    tag = "event",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
enum Outcome<'a> {
    Published {
        folder: String,
        manifest: &'a Manifest,
    },
    Failed {
        exit_code: u8,
        message: String,
        causes: Vec<String>,
        hints: Vec<String>,
    },
}

fn checked(file: &ManifestFile) -> CheckedFile {
    CheckedFile {
        file: file.name.clone(),
        findings: file.findings.clone(),
        checks: file.checks.clone(),
    }
}

/// Recipe, facts and plan, with what they were read from.
pub(super) struct Prepared {
    loaded: LoadedRecipe,
    engine: DockerEngine,
    engine_info: EngineInfo,
    store: Option<Store>,
    served: Option<Served>,
    pub(super) plan: Plan,
}

/// Recipe, facts, plan. Reads from the engine and the mirrors; changes nothing but the source store.
pub(super) async fn prepare(
    invocation: &Invocation<'_>,
    name: &str,
    arguments: &BuildArguments,
    sink: &dyn Sink,
) -> Result<Prepared, Failure> {
    let loaded = invocation.library.load(name).map_err(explain::library)?;
    let request = request(invocation, arguments);
    let image_archive = arguments
        .image_archive
        .as_deref()
        .map(read_archive_identity)
        .transpose();
    let image_archive = image_archive.map_err(explain::facts)?;
    let wanted = wanted(&loaded, arguments)?;
    let connected = async {
        let engine = invocation.engine().await?;
        let info = engine.info().await.map_err(explain::engine)?;
        Ok((engine, info))
    };
    let found = async {
        let (Source::Git(git), Some(wanted)) = (&loaded.recipe.source, wanted) else {
            return Ok((None, None, SourceFacts::Folder));
        };
        let (store, served) = fetch(invocation, &loaded, git, wanted, arguments, sink).await?;
        let tree = store.tree(&served.tree).map_err(explain::source)?;
        let facts = GitFacts {
            tag: served.tag.clone(),
            commit: served.commit.clone(),
            tree: served.tree.clone(),
            commit_time: served.commit_time,
            files: read_tree(&loaded.recipe, &tree).map_err(explain::facts)?,
        };
        Ok((Some(store), Some(served), SourceFacts::Git(facts)))
    };
    // Neither needs the other, so the engine answers while the source comes. The engine goes first: where none is,
    // nothing is fetched.
    let ((engine, engine_info), (store, served, source)) =
        tokio::try_join!(biased; connected, found)?;
    let facts = Facts {
        recipe_sha256: loaded.sha256.clone(),
        patches: loaded
            .patches
            .iter()
            .map(|(file, text)| (file.clone(), sha256_hex(text.as_bytes())))
            .collect(),
        source,
        engine_architecture: engine_info.architecture.clone(),
        image_archive,
    };
    let plan = make_plan(&loaded.recipe, &request, &facts).map_err(explain::plan)?;
    Ok(Prepared {
        loaded,
        engine,
        engine_info,
        store,
        served,
        plan,
    })
}

fn request(invocation: &Invocation<'_>, arguments: &BuildArguments) -> Request {
    Request {
        architecture: arguments.arch.clone(),
        image: arguments.image.map(|choice| match choice {
            ImageChoice::Registry => ImageWay::Registry,
            ImageChoice::Upstream => ImageWay::Upstream,
            ImageChoice::Lean => ImageWay::Lean,
            ImageChoice::Debian => ImageWay::Debian,
        }),
        image_name: arguments.image_name.clone(),
        mirrors: arguments
            .mirror
            .iter()
            .chain(&invocation.config.mirrors)
            .cloned()
            .collect(),
        force: arguments.force,
        memory: arguments.memory.map(|size| size.0),
        nano_cpus: arguments.cpus.map(|cpus| cpus.0),
        timeout: arguments.timeout.map(|span| span.0),
        jobs: arguments.jobs,
        glibc_floor: arguments.glibc_floor,
    }
}

/// The tag or commit to build; none for a source that is a folder of the image.
fn wanted<'a>(
    loaded: &LoadedRecipe,
    arguments: &'a BuildArguments,
) -> Result<Option<&'a str>, Failure> {
    let name = &loaded.recipe.name;
    let refuse = |text: String| Err(Failure::new(FailureKind::Usage, text));
    match (&loaded.recipe.source, arguments.tag.as_deref()) {
        (Source::Git(_), Some(tag)) => Ok(Some(tag)),
        (Source::Git(git), None) => {
            let known: Vec<_> = git.tags.keys().map(Version::as_str).collect();
            let known = if known.is_empty() {
                String::new()
            } else {
                format!("; known are {}", known.join(", "))
            };
            refuse(format!(
                "which version of {name}? --tag names a tag or a commit{known}"
            ))
        }
        (Source::Folder(_), _) if !arguments.source.is_empty() || arguments.refresh => {
            refuse(format!(
                "the recipe {name} takes its source from its image; --source and --refresh do not apply"
            ))
        }
        (Source::Folder(folder), Some(tag)) => match tag.parse::<Version>() {
            Ok(version) if version == folder.version => Ok(None),
            _ => refuse(format!(
                "the recipe {name} builds {} only, not {tag}",
                folder.version
            )),
        },
        (Source::Folder(_), None) => Ok(None),
    }
}

async fn fetch(
    invocation: &Invocation<'_>,
    loaded: &LoadedRecipe,
    git: &GitSource,
    wanted: &str,
    arguments: &BuildArguments,
    sink: &dyn Sink,
) -> Result<(Store, Served), Failure> {
    let name = &loaded.recipe.name;
    sink.event(&Event::StageStarted {
        stage: "source",
        detail: format!("{name} {wanted}"),
    });
    let started = Instant::now();
    let folder = invocation
        .environment
        .cache_dir
        .join("sources")
        .join(format!("{name}.git"));
    let store = Store::open(&folder).map_err(explain::source)?;
    let request = FetchRequest {
        urls: if arguments.source.is_empty() {
            git.urls.clone()
        } else {
            arguments.source.clone()
        },
        wanted: wanted.to_owned(),
        pins: git
            .tags
            .iter()
            .map(|(tag, commit)| (tag.to_string(), commit.to_string()))
            .collect(),
        stall: stall(invocation, arguments),
        refresh: arguments.refresh,
    };
    let served = store
        .fetch(&request, sink, invocation.cancel)
        .await
        .map_err(explain::source)?;
    let name = served.tag.as_deref().unwrap_or("the commit");
    let how = if served.from_store {
        "in the store, from"
    } else {
        "from"
    };
    sink.event(&Event::StageFinished {
        stage: "source",
        detail: format!("{name} is {} {how} {}", served.commit, served.url),
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    Ok((store, served))
}

fn stall(invocation: &Invocation<'_>, arguments: &BuildArguments) -> Duration {
    arguments
        .stall_timeout
        .or(invocation.config.stall_timeout)
        .map_or(STALL, |span| span.0)
}

/// From the recipe to the published result; returns the folder and the manifest.
async fn build(
    invocation: &Invocation<'_>,
    name: &str,
    arguments: &BuildArguments,
    progress: &Progress,
) -> Result<(String, Manifest), Failure> {
    let cache = &invocation.environment.cache_dir;
    let prepared = prepare(invocation, name, arguments, progress).await?;
    let plan = &prepared.plan;
    let run = Run::begin(&cache.join("runs")).map_err(|error| {
        Failure::new(
            FailureKind::Usage,
            format!("{} cannot be written to: {error}", cache.display()),
        )
    })?;
    sweep(&prepared.engine, &cache.join("runs"), Sweep::DEAD_RUNS)
        .await
        .map_err(explain::engine)?;

    let parts = [
        plan.recipe.name.as_str(),
        plan.version.as_str(),
        plan.platform.as_str(),
    ];
    let locks = cache.join("locks");
    let target = Target::claim(
        &arguments.output,
        parts,
        run.id(),
        &locks,
        progress,
        invocation.cancel,
    )
    .await;
    let target = target.map_err(explain::artifact)?;
    let log = BuildLog::create(&target.staging().join(BUILD_LOG)).map_err(explain::artifact)?;
    write(&target, PLAN, &canonical_json(plan))?;
    let sink = Tee(vec![progress, &log]);
    for warning in &plan.warnings {
        sink.event(&Event::Warning {
            text: warning.clone(),
        });
    }
    let context = Context {
        engine: &prepared.engine,
        store: prepared.store.as_ref(),
        patches: &prepared.loaded.patches,
        image_archive: arguments.image_archive.as_deref(),
        debian_mirror: arguments
            .debian_mirror
            .as_deref()
            .or(invocation.config.debian_mirror.as_deref()),
        run: run.id(),
        keep: arguments.keep,
        stall: stall(invocation, arguments),
        sink: &sink,
        cancel: invocation.cancel,
    };
    let executed = execute(
        plan,
        &prepared.engine_info.architecture,
        &context,
        target.staging(),
    )
    .await;
    let written = log.finish().map_err(explain::artifact);
    let built = match executed {
        Ok(built) => built,
        Err(error) => {
            if error.kept_container().is_some() {
                run.end_and_keep();
            }
            return Err(record(explain::execute(error), target, &log, &[]));
        }
    };
    written?;
    let manifest = manifest(&prepared, &built)?;
    let failed: Vec<_> = manifest
        .files
        .iter()
        .map(checked)
        .filter(|file| !file.passed())
        .collect();
    if !failed.is_empty() {
        progress.finish();
        if !invocation.json() {
            let files: Vec<_> = manifest.files.iter().map(checked).collect();
            print(&check_table(&files, invocation.environment.output_terminal));
        }
        let names: Vec<_> = failed.iter().map(|file| file.file.as_str()).collect();
        let text = format!(
            "what was built does not pass its checks, and is not published: {}",
            names.join(", ")
        );
        let failure = Failure::new(FailureKind::Verification, text);
        return Err(record(
            failure,
            target,
            &log,
            &[("findings.json", canonical_json(&manifest.files))],
        ));
    }
    let folder = publish(target, &manifest)?;
    Ok((folder, manifest))
}

fn write(target: &Target, name: &str, text: &str) -> Result<(), Failure> {
    let path = target.staging().join(name);
    std::fs::write(&path, text)
        .map_err(|source| explain::artifact(ArtifactError::Unwritable { path, source }))
}

/// Keeps the log of a failed run and tells where it is.
fn record(
    mut failure: Failure,
    target: Target,
    log: &BuildLog,
    further: &[(&str, String)],
) -> Failure {
    if failure.kind == FailureKind::Interrupted || log.is_empty() {
        return failure;
    }
    match target.keep_record_of_failure(further) {
        Ok(folder) => failure.hints.push(format!(
            "the whole log is {}",
            folder.join(BUILD_LOG).display()
        )),
        Err(error) => failure
            .hints
            .push(format!("the log could not be kept: {error}")),
    }
    failure
}

fn publish(target: Target, manifest: &Manifest) -> Result<String, Failure> {
    write(&target, MANIFEST, &canonical_json(manifest))?;
    let mut sums: BTreeMap<String, String> = manifest
        .files
        .iter()
        .map(|file| (file.name.clone(), file.sha256.clone()))
        .collect();
    for name in [MANIFEST, PLAN, BUILD_LOG] {
        let path = target.staging().join(name);
        let bytes = std::fs::read(&path);
        let bytes = bytes
            .map_err(|source| explain::artifact(ArtifactError::Unwritable { path, source }))?;
        sums.insert(name.to_owned(), sha256_hex(&bytes));
    }
    write(&target, SHA256SUMS, &checksum_file(&sums))?;
    let folder = target.publish().map_err(explain::artifact)?;
    Ok(folder.display().to_string())
}

/// Holds what was built against the plan's expectations and writes down where everything came from.
fn manifest(prepared: &Prepared, built: &Built) -> Result<Manifest, Failure> {
    let plan = &prepared.plan;
    let mut files = Vec::new();
    for (output, file) in plan.outputs.iter().zip(&built.files) {
        let findings =
            inspect(&file.path).map_err(|error| Failure::new(FailureKind::Verification, error))?;
        if findings.sha256 != file.sha256 {
            let text = format!(
                "{} changed on the disk between being collected and being checked",
                file.name
            );
            return Err(Failure::new(FailureKind::Integrity, text));
        }
        files.push(ManifestFile {
            name: file.name.clone(),
            size: file.size,
            sha256: file.sha256.clone(),
            mode: format!("{:o}", file.mode),
            checks: judge(
                &findings,
                built.version_runs.get(&file.name),
                &output.expectations,
            ),
            findings,
        });
    }
    let patches = match &plan.image {
        PlannedImage::Dockerfile { patches, .. } => patches.clone(),
        _ => Vec::new(),
    };
    Ok(Manifest {
        format: MANIFEST_FORMAT,
        tool: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
        recipe: plan.recipe.clone(),
        recipe_origin: prepared.loaded.origin.to_string(),
        plan_sha256: plan.digest(),
        version: plan.version.clone(),
        platform: plan.platform.clone(),
        class: plan.class.clone(),
        source: manifest_source(prepared, built),
        image: ManifestImage {
            name: built.image.name.clone(),
            id: built.image.image.id.clone(),
            repo_digests: built.image.image.repo_digests.clone(),
            pulled: built.image.pulled.clone(),
            patches,
            remarks: built.image.remarks.clone(),
            packages: built.packages.clone(),
        },
        commands: built.steps.clone(),
        built_at: jiff::Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string(),
        engine: prepared.engine_info.version.clone(),
        warnings: plan.warnings.clone(),
        files,
    })
}

fn manifest_source(prepared: &Prepared, built: &Built) -> ManifestSource {
    match &prepared.plan.source {
        PlannedSource::Git {
            tag,
            commit,
            tree,
            patches,
            ..
        } => ManifestSource::Git {
            tag: tag.clone(),
            commit: commit.clone(),
            tree: tree.clone(),
            patched_tree: built.patched_tree.clone(),
            url: prepared
                .served
                .as_ref()
                .map(|served| served.url.clone())
                .unwrap_or_default(),
            unmodified: built.patched_tree.is_none(),
            patches: patches.clone(),
        },
        PlannedSource::Folder { path, package } => ManifestSource::Folder {
            path: path.clone(),
            package: package.clone(),
            package_version: built
                .packages
                .iter()
                .find(|known| known.name.split(':').next() == Some(package))
                .map(|known| known.version.clone()),
        },
    }
}
