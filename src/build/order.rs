//! What is asked of a build, as plain values.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::artifacts::PublishedResult;
use crate::attestation::{PackageKey, SigningKey};
use crate::delivery::packaging::PackageFormat;
use crate::plan::{Plan, Request, Via};
use crate::recipe::{
    Architecture, BuildOption, DebianMirror, ImageDigest, ImageName, ImageWay, Name, RegistryPrefix,
};
use crate::verify::GlibcVersion;

/// What to build, from where, how, and where to put it. It is made from a command line, from a line of a release file or
/// from a published manifest; with [`BuildOrder::new`] by whoever uses this crate.
#[derive(Debug, Clone)]
pub struct BuildOrder {
    /// Name of the recipe.
    pub recipe: String,
    /// What to build of it.
    pub subject: Subject,
    /// Where the source comes from.
    pub source: SourceChoice,
    /// Where the toolchain image comes from.
    pub image: ImageChoice,
    /// How upstream's build is run.
    pub via: Via,
    /// What to build of the source; the recipe's default when there are none.
    pub targets: Vec<Name>,
    /// What else is asked of upstream's build.
    pub options: BTreeSet<BuildOption>,
    /// Further flags for the Go commands.
    pub goflags: Option<String>,
    /// A toolchain version that is accepted instead of upstream's, whole or its first parts.
    pub allow_toolchain: Option<String>,
    /// Architecture to build for; the engine's own when not given.
    pub architecture: Option<Architecture>,
    /// Build a version that needs no such build, or a vendor's version from the upstream tag it derives from.
    pub force: bool,
    /// What the build may take.
    pub limits: Limits,
    /// What is proved before the result is published.
    pub checks: Checks,
    /// What may be taken from where.
    pub cache: CacheUse,
    /// Where the result goes, and what is published with it.
    pub destination: Destination,
    /// Keep the container of a failed step, and what upstream's own script makes.
    pub keep: bool,
}

/// What to build of a recipe.
#[derive(Debug, Clone)]
pub enum Subject {
    /// The only version that the recipe has: its source is part of its image.
    Only,
    /// A tag, with or without the leading `v`, or a commit.
    Version(String),
    /// The version that a node has: a file with what its runc, kubelet or kubectl prints, or a binary, which is run; `-` is
    /// standard input.
    Like(PathBuf),
    /// A published result, by its own plan.
    Published(Arc<PublishedResult>),
}

/// Where the source comes from.
#[derive(Debug, Clone, Default)]
pub struct SourceChoice {
    /// URLs and paths to use instead of the recipe's, tried in order.
    pub urls: Vec<String>,
    /// Fetch even if the tag is in the store.
    pub refresh: bool,
    /// Let a place that is not upstream's own say which commit a tag without a pin is.
    pub unpinned: bool,
}

/// Where the toolchain image comes from.
#[derive(Debug, Clone, Default)]
pub struct ImageChoice {
    /// Way to the image; the recipe's default when not given.
    pub way: Option<ImageWay>,
    /// Another name for the ready image of a registry.
    pub name: Option<ImageName>,
    /// A file that `docker save` wrote.
    pub archive: Option<PathBuf>,
    /// Prefixes of registries to look under before everything else, tried in order.
    pub mirrors: Vec<RegistryPrefix>,
    /// Mirror of Debian's archive for a bootstrapped image.
    pub debian_mirror: Option<DebianMirror>,
    /// What identifies the image of the container that the tool runs in; the workspace's when not given.
    pub identity: Option<ImageDigest>,
}

/// What a build may take.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Memory of the build container, in bytes.
    pub memory: Option<u64>,
    /// Processors, in billionths of one.
    pub nano_cpus: Option<i64>,
    /// Time of all the steps together.
    pub timeout: Option<Duration>,
    /// Compiler processes at a time.
    pub jobs: Option<u32>,
    /// Time without a byte from a mirror before the next one is tried; the configuration's when not given.
    pub stall: Option<Duration>,
}

/// What is proved before a result is published, beyond what the recipe asks for.
#[derive(Debug, Clone)]
pub struct Checks {
    /// Whether programs are run.
    pub run: RunCheck,
    /// Refuse an engine that cannot cut the network of steps that are to have none.
    pub no_network: bool,
    /// Refuse an engine that cannot keep limits on memory and processors.
    pub limits: bool,
    /// Highest version of the C library that an output may need, instead of the recipe's.
    pub glibc_floor: Option<GlibcVersion>,
}

/// Whether programs are judged by running them before they are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunCheck {
    /// They are not run.
    Skipped,
    /// They are run where the engine allows it. A check that proves nothing is accepted and not repeated; only a program
    /// that turns accounting on is refused.
    WherePossible,
    /// They are run, and a program whose run proves nothing is refused. Where the engine does not allow it, the next run
    /// tries again.
    Required,
}

/// What may be taken from where.
#[derive(Debug, Clone, Copy, Default)]
pub struct CacheUse {
    /// Build what the cache has a result of as well.
    pub rebuild: bool,
    /// Take nothing from the network.
    pub offline: bool,
    /// Build nothing: what neither the cache nor a shared one has, fails.
    pub only: bool,
}

/// Where a result goes, and what is published with it.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Directory for the results of all recipes.
    pub output: PathBuf,
    /// Tells two builds of the same recipe, version and architecture apart.
    pub variant: Option<Name>,
    /// Packages to make.
    pub packages: Vec<PackageFormat>,
    /// Key to sign the provenance with.
    pub signing: Option<Arc<SigningKey>>,
    /// Key to sign the packages with whose format has signatures.
    pub package_key: Option<Arc<PackageKey>>,
}

impl BuildOrder {
    /// The order to build `subject` of `recipe` into `output`, with the recipe's defaults for everything else.
    pub fn new(recipe: impl Into<String>, subject: Subject, output: impl Into<PathBuf>) -> Self {
        Self {
            recipe: recipe.into(),
            subject,
            source: SourceChoice::default(),
            image: ImageChoice::default(),
            via: Via::default(),
            targets: Vec::new(),
            options: BTreeSet::new(),
            goflags: None,
            allow_toolchain: None,
            architecture: None,
            force: false,
            limits: Limits::default(),
            checks: Checks {
                run: RunCheck::Skipped,
                no_network: false,
                limits: false,
                glibc_floor: None,
            },
            cache: CacheUse::default(),
            destination: Destination {
                output: output.into(),
                variant: None,
                packages: Vec::new(),
                signing: None,
                package_key: None,
            },
            keep: false,
        }
    }

    /// Name of the result's directory below those of the recipe and the version.
    pub fn platform_directory(&self, plan: &Plan) -> String {
        match &self.destination.variant {
            Some(variant) => format!("{}-{variant}", plan.platform),
            None => plan.platform.clone(),
        }
    }

    /// Directory that the result of `plan` is published to.
    pub fn directory(&self, plan: &Plan) -> PathBuf {
        let recipe = self.destination.output.join(&plan.recipe.name);
        recipe
            .join(&plan.version)
            .join(self.platform_directory(plan))
    }

    /// What a plan depends on, for the `architecture` that was found where the order leaves it open. `mirrors` are the
    /// configuration's.
    pub(super) fn request(
        &self,
        architecture: Option<Architecture>,
        mirrors: &[RegistryPrefix],
    ) -> Request {
        Request {
            architecture,
            image: self.image.way,
            image_name: self.image.name.clone(),
            mirrors: [self.image.mirrors.as_slice(), mirrors].concat(),
            via: self.via,
            targets: self.targets.clone(),
            options: self.options.clone(),
            goflags: self.goflags.clone(),
            allow_toolchain: self.allow_toolchain.clone(),
            force: self.force,
            memory: self.limits.memory,
            nano_cpus: self.limits.nano_cpus,
            timeout: self.limits.timeout,
            jobs: self.limits.jobs,
            glibc_floor: self.checks.glibc_floor,
        }
    }
}
