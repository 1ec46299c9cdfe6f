//! Errors of builds, releases and reproductions.

use std::path::PathBuf;

use kmembuild::artifacts::{ArtifactError, ManifestFile, PublishedError};
use kmembuild::attestation::{AttestError, AuditError, KeyError, PackageKeyError};
use kmembuild::build::{BuildError, ClusterBuildError, FailedBuild, FailureLog};
use kmembuild::bundle::BundleError;
use kmembuild::configuration::ConfigurationError;
use kmembuild::delivery::packaging::PackagingError;
use kmembuild::delivery::repositories::RepositoryError;
use kmembuild::engine::EngineError;
use kmembuild::execute::{ExecuteError, RunCheckError};
use kmembuild::facts::FactsError;
use kmembuild::library::LibraryError;
use kmembuild::like::LikeError;
use kmembuild::plan::{PlanError, is};
use kmembuild::private_directory::NotPrivate;
use kmembuild::recipe::{ImageWay, Name};
use kmembuild::release::{MergeError, Part, ReleaseError, TargetError};
use kmembuild::reproduce::{
    FailedImage, ImageError, ReproduceError, ReproducedFile, ReproducedImage, Reproduction,
};
use kmembuild::source::SourceError;
use kmembuild::verify::{Expectations, VerifyError, inspect, judge};

use super::library::refused;
use super::{Message, json, system, text};

const RESULT: &str = "dist/runc/v1.0.0-rc10/linux-amd64";
const MANIFEST: &str = "dist/runc/v1.0.0-rc10/linux-amd64/manifest.json";
const RUNC: &str = "dist/runc/v1.0.0-rc10/linux-amd64/runc";

fn commit() -> String {
    text("dc9208a3303feef5b3839f4323d9beb36df0a9dd")
}

/// A file that is not a static program, which it has to be.
fn unproven() -> ManifestFile {
    let license = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("LICENSE-MIT");
    let findings = inspect(&license).expect("findings");
    let expectations = Expectations {
        static_linked: Some(true),
        ..Expectations::default()
    };
    ManifestFile {
        name: text("runc"),
        size: 1,
        sha256: "1".repeat(64),
        mode: text("755"),
        checks: judge(&findings, None, &expectations),
        findings,
    }
}

fn not_needed() -> PlanError {
    PlanError::NotNeeded {
        recipe: text("runc"),
        version: text("v1.0.0"),
        reason: text("since rc94 runc ignores all kernel-memory settings"),
    }
}

fn output_missing() -> ExecuteError {
    ExecuteError::OutputMissing {
        path: text("/go/src/runc"),
    }
}

fn failed(log: FailureLog) -> FailedBuild {
    FailedBuild {
        error: output_missing().into(),
        log,
        could_save_memory: false,
    }
}

fn failed_image(error: ImageError) -> FailedImage {
    let log = FailureLog::Kept("dist/failed/build.log".into());
    FailedImage { error, log }
}

fn different(same: bool) -> Box<Reproduction> {
    let file = |name: &str, equal| ReproducedFile {
        name: text(name),
        equal,
        published: None,
        rebuilt: None,
        differences: Vec::new(),
    };
    Box::new(Reproduction {
        format: 1,
        reproduced: false,
        folder: text(RESULT),
        recipe: text("runc"),
        same_recipe: true,
        version: text("v1.0.0-rc10"),
        platform: text("linux-amd64"),
        plan_sha256: "1".repeat(64),
        image: ReproducedImage {
            name: text("golang:1.13"),
            id: text("sha256:1"),
            same,
            differs_in: Vec::new(),
        },
        files: vec![file("runc", false), file("recvtty", true)],
    })
}

/// How a task of the runtime ends that was cancelled.
fn cancelled() -> tokio::task::JoinError {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(async {
        let task = tokio::spawn(std::future::pending::<()>());
        task.abort();
        task.await.expect_err("it was cancelled")
    })
}

fn builds() -> Vec<Message> {
    let reader = cancelled();
    let task = format!("task {}", reader.id());
    let mut builds = samples!("build", explained BuildError:
        Library (LibraryError::Ending { path: "tool.yml".into() }),
        IntoRelease { output: "dist".into(), recipe: text("runc") },
        TwoImages { image: text("golang:1.13"), way: ImageWay::Lean },
        RefreshOffline,
        NoVersion
            {
                recipe: text("runc"),
                needed: vec![text("the source is patched (1.0.0-rc2 to rc5)")],
                known: (1..10).map(|patch| format!("v1.1.{patch}")).collect(),
            }
            { recipe: text("hello"), needed: Vec::new(), known: vec![text("v1.0"), text("v1.1")] }
            { recipe: text("kubelet"), needed: Vec::new(), known: Vec::new() },
        OnlyVersion {
            recipe: text("runc-debian"),
            version: text("v1.0.0-rc93"),
            asked: text("v1.0.0-rc10"),
        },
        Like (LikeError::Nothing),
        Facts (FactsError::NotAnArchive {
            file: text("image.tar"),
            reason: text("it must contain exactly one image"),
        }),
        Source (SourceError::NoUrls { wanted: text("v1.0.0") }),
        ReportedCommit (SourceError::NoUrls { wanted: text("12644e6") }),
        Plan (not_needed()),
        OtherPatches {
            recipe: text("runc"),
            origin: text("built in"),
            wrong: vec![text("runc/off.patch: not found")],
            built_by: text("kmembuild 0.1.0"),
            built_with: text("mine"),
        },
        NotInCache { recipe: text("runc"), version: text("v1.0.0-rc10") },
        OtherArchitecture { image: text("arm64"), engine: text("amd64") },
        OtherSource {
            version: text("v1.0.0-rc10"),
            url: text("https://example.org/runc.git"),
            what: "commit",
            found: text("12644e614e25b05da6fd08a38ffa0cfe1903fdec"),
            planned: commit(),
        },
        Engine (EngineError::ImageBuild { image: text("runc_dev:1"), message: text("exit code 1") }),
        Cluster (ClusterBuildError::Script),
        Execute (output_missing()),
        Artifact (ArtifactError::Foreign { path: RESULT.into() }),
        CacheDirectory { path: "/srv/cache".into(), source: NotPrivate::Foreign { owner: 1000 } }
            { path: "/srv/cache".into(), source: NotPrivate::Writable { mode: 0o1777 } }
            { path: "/srv/cache".into(), source: NotPrivate::System(system()) },
        TemporaryDirectory { path: "/srv/tmp".into(), source: system() },
        Registration { path: "cache/runs".into(), source: system() },
        Inspect (VerifyError::Open { path: RUNC.into(), source: system() }),
        Changed { file: text("runc") },
        RunCheck (RunCheckError::Execute(output_missing())),
        Unproven { files: vec![unproven()] },
        Materials (AttestError::Unreadable { path: RUNC.into(), source: system() }),
        NoPackage { recipe: text("tool") },
        Packaging (PackagingError::Version { version: text("12644e614e25") }),
        Staged { path: RUNC.into(), source: system() },
        StagedPlan { path: "dist/plan.json".into(), source: json() },
        Reader (reader),
        Interrupted,
    );
    for message in &mut builds {
        message.text = message.text.replace(&task, "task 1");
    }
    builds
}

fn releases() -> Vec<Message> {
    let targets = samples!("release", explained TargetError:
        Build (failed(FailureLog::None)) (failed(FailureLog::Kept("dist/failed/build.log".into()))),
        SamePlace { other: text("runc/v1.0.0-rc10") },
    );
    let planned = TargetError::from(BuildError::from(not_needed()));
    let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
    let releases = samples!("release", explained ReleaseError:
        File
            { file: text("release.yaml"), source: missing() }
            { file: text("release.yaml"), source: system() },
        Invalid (refused()),
        NoRecipe (refused()),
        InvalidLockfile (text("release.lock: format 9 is not supported; this version of kmembuild reads format 1")),
        Build (BuildError::RefreshOffline),
        Key (KeyError::Unreadable { path: "release.pem".into(), source: system() }),
        PackageKey (PackageKeyError::Unreadable { path: "packages.key".into(), source: system() }),
        NoPackageKey,
        Repository (RepositoryError::OldRpm { name: text("el7") }),
        Pattern { pattern: text("["), source: glob::Pattern::new("[").expect_err("an open bracket") },
        NoTarget {
            file: text("release.yaml"),
            total: 4,
            patterns: vec![text("kubelet/*")],
            examples: vec![text("runc/v1.0.0-rc10")],
        },
        Durations { path: "release.yaml".into(), source: std::io::Error::other(json()) },
        EmptyPart { part: part(), total: 2 },
        OtherPart { output: "dist".into(), there: text("part 1/5"), part: part() },
        Merge (MergeError::Whole { directory: "dist".into() }),
        Bundle (BundleError::PartMissing { path: "closed.oci.tar.002".into() }),
        NotCarried { what: text("runc/v1.0.0-rc10"), reason: text("its image is in an archive of your own") },
        OutputOutside { output: "/srv/www".into() },
        OtherLock { bundle: "closed.oci.tar".into(), moved: vec![text("the tag v1.0.0 of runc")] },
        NoLockfile
            { path: "release.lock".into(), by_ci: true }
            { path: "release.lock".into(), by_ci: false },
        Lockfile { path: "release.lock".into(), source: system() },
        RenderLockfile { reason: text("a key is not a text") },
        Drift { moved: vec![text("the tag v1.0.0 of runc")] },
        UnknownInput
            { name: text("runk"), nearest: Some(text("runc")) }
            { name: text("frob"), nearest: None },
        Unsigned {
            directory: RESULT.into(),
            file: text("runc"),
            problem: text("its sha256 does not match the manifest"),
        },
        Audit (AuditError::NothingToAudit { path: "dist".into(), result: None }),
        Artifact (ArtifactError::Foreign { path: RESULT.into() }),
        Unplanned { target: text("runc/v1.0.0"), error: planned },
        Targets { errors: vec![failed(FailureLog::None).into()], total: 4 },
        Interrupted,
    );
    targets
        .into_iter()
        .chain(releases)
        .chain(merges())
        .collect()
}

fn part() -> Part {
    Part { number: 3, of: 5 }
}

fn merges() -> Vec<Message> {
    let (first, second) = (|| PathBuf::from("p1"), || PathBuf::from("p2"));
    let target = || text("runc/v1.0.0-rc10/linux-amd64");
    let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
    samples!("release", explained MergeError:
        Index
            { directory: first(), source: missing() }
            { directory: first(), source: std::io::Error::other(json()) },
        Whole { directory: first() },
        OtherTargets { directory: first(), difference: text("which has no runc/v1.0.0-rc9/linux-amd64") },
        OtherNumber { directory: first(), of: 4, other: second(), others: 5 },
        DoubledPart { number: 2, first: first(), second: second() },
        NotInCache { missing: vec![text("runc/v1.0.0-rc9/linux-amd64"), text("runc/v1.0.0-rc10/linux-amd64")] },
        MissingParts
            { of: 5, missing: vec![3] }
            { of: 5, missing: vec![3, 4] },
        MissingTarget { target: target() },
        DoubledTarget { target: target(), first: first(), second: second() },
        SamePlace { folder: target(), first: first(), second: second() },
        Unfinished { directory: first(), tried: 3, own: 4 },
        Audit { directory: first(), source: AuditError::NothingToAudit { path: "p1".into(), result: None } },
        Differs { directory: first(), file: target() + "/runc", problem: text("its sha256 does not match the manifest") },
        Copy { path: RUNC.into(), source: system() },
        Artifact (ArtifactError::Foreign { path: RESULT.into() }),
    )
}

fn reproductions() -> Vec<Message> {
    let published = samples!("artifacts", explained PublishedError:
        Unreadable { path: MANIFEST.into(), source: system() },
        Malformed { path: MANIFEST.into(), source: json() },
        Format { path: MANIFEST.into(), found: 9, known: 1 },
        Value { path: MANIFEST.into(), source: is::<Name>("outputs.name", "../runc").unwrap_err() },
        OtherPlan { path: "dist/plan.json".into(), found: "2".repeat(64), expected: "1".repeat(64) },
        Changed { directory: RESULT.into(), wrong: vec![text("runc: not found")] },
    );
    let images = samples!("reproduce", explained ImageError:
        NotTwice { image: text("kmembuild/runc-upstream:1") },
        NoArchive { image: text("sha256:1") },
        Replaced (output_missing()),
        Different { image: text("golang:1.13"), differs_in: vec![text("layers")] },
        Unavailable (output_missing()),
    );
    let reproductions = samples!("reproduce", explained ReproduceError:
        Published (PublishedError::Unreadable { path: MANIFEST.into(), source: system() }),
        NotEmpty { directory: "again".into() },
        EngineAccess { directory: RESULT.into() },
        Artifact (ArtifactError::Foreign { path: RESULT.into() }),
        Build (failed(FailureLog::None)),
        Image (failed_image(ImageError::NoArchive { image: text("sha256:1") })),
        Unreadable { path: RUNC.into(), source: system() },
        Different
            { reproduction: different(true), kept: None }
            { reproduction: different(false), kept: Some("again".into()) },
    );
    published
        .into_iter()
        .chain(images)
        .chain(reproductions)
        .collect()
}

pub(super) fn messages() -> Vec<Message> {
    let file = || text("config.yaml");
    let configuration = samples!("configuration", explained ConfigurationError:
        Unreadable { file: file(), source: system() },
        Invalid (refused()),
        NoFormat { file: file() },
        Format { file: file(), found: 9 },
    );
    configuration
        .into_iter()
        .chain(builds())
        .chain(releases())
        .chain(reproductions())
        .collect()
}
