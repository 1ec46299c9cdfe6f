//! Arguments as orders. The only place where a command line becomes one.

use super::args::{
    BuildArguments, CacheArguments, ImageChoice, LockArguments, PartChoice, ReleaseArguments,
    ReproduceArguments, ViaChoice,
};
use crate::build::{
    self, BuildOrder, CacheUse, Checks, Destination, Limits, RunCheck, SourceChoice, Subject,
};
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::plan::Via;
use crate::recipe::{BuildOption, ImageWay};
use crate::release::{Part, ReleaseOrder};
use crate::reproduce::ReproduceOrder;

impl BuildArguments {
    /// The order to build `recipe`.
    pub(super) fn order(&self, recipe: &str) -> BuildOrder {
        let asked = [
            (BuildOption::Static, self.static_linked),
            (BuildOption::LowMemory, self.low_memory),
            (BuildOption::AllOutputs, self.all_outputs),
        ];
        BuildOrder {
            recipe: recipe.to_owned(),
            subject: match (&self.tag, &self.like) {
                (Some(tag), _) => Subject::Version(tag.clone()),
                (None, Some(like)) => Subject::Like(like.clone()),
                (None, None) => Subject::Only,
            },
            source: SourceChoice {
                urls: self.source.clone(),
                refresh: self.refresh,
                unpinned: self.unpinned,
            },
            image: build::ImageChoice {
                way: self.image.map(ImageWay::from),
                name: self.image_name.clone(),
                archive: self.image_archive.clone(),
                mirrors: self.mirror.clone(),
                debian_mirror: self.debian_mirror.clone(),
                identity: self.image_identity.clone(),
            },
            via: match self.via {
                ViaChoice::Make => Via::Make,
                ViaChoice::RunSh => Via::RunSh,
            },
            targets: self.target.clone(),
            options: asked
                .into_iter()
                .filter_map(|(option, asked)| asked.then_some(option))
                .collect(),
            goflags: self.goflags.as_ref().map(|flags| flags.0.clone()),
            allow_toolchain: self.allow_toolchain.clone(),
            architecture: self.arch.clone(),
            force: self.force,
            limits: Limits {
                memory: self.memory.map(|size| size.0),
                nano_cpus: self.cpus.map(|cpus| cpus.0),
                timeout: self.timeout.map(|span| span.0),
                jobs: self.jobs,
                stall: self.stall_timeout.map(|span| span.0),
            },
            checks: Checks {
                run: if self.verify_run {
                    RunCheck::Required
                } else {
                    RunCheck::Skipped
                },
                no_network: self.require_no_network,
                limits: self.require_limits,
                glibc_floor: self.glibc_floor,
            },
            cache: self.caches.use_of_caches(),
            destination: Destination {
                output: self.output.clone(),
                variant: None,
                packages: Vec::new(),
                signing: None,
                package_key: None,
            },
            keep: self.keep,
        }
    }
}

impl From<ImageChoice> for ImageWay {
    fn from(choice: ImageChoice) -> Self {
        match choice {
            ImageChoice::Registry => Self::Registry,
            ImageChoice::Upstream => Self::Upstream,
            ImageChoice::Lean => Self::Lean,
            ImageChoice::Debian => Self::Debian,
        }
    }
}

impl CacheArguments {
    fn use_of_caches(&self) -> CacheUse {
        CacheUse {
            rebuild: self.no_cache,
            offline: self.offline,
            only: false,
        }
    }
}

impl ReleaseArguments {
    /// The order to make the release.
    ///
    /// # Errors
    /// The [`Failure`] where the part is that of a job of which nothing is known.
    pub(super) fn order(&self, environment: &Environment) -> Result<ReleaseOrder, Failure> {
        let part = match self.partition {
            None => None,
            Some(PartChoice::This(part)) => Some(part),
            Some(PartChoice::OfTheJob) => Some(part_of_the_job(environment)?),
        };
        Ok(ReleaseOrder {
            only: self.only.clone(),
            part,
            durations: self.durations.clone(),
            jobs: self.jobs,
            output: self.output.clone(),
            signing_key: self.sign_key.clone(),
            package_key: self.package_key.clone(),
            cache: CacheUse {
                only: self.merge.is_some(),
                ..self.caches.use_of_caches()
            },
            fail_fast: self.fail_fast,
            prune: self.prune,
            ..ReleaseOrder::new(&self.file)
        })
    }
}

fn part_of_the_job(environment: &Environment) -> Result<Part, Failure> {
    let usage = |text: String| Failure::new(FailureKind::Usage, text);
    let Some(part) = &environment.job_part else {
        let text = "CI_NODE_INDEX and CI_NODE_TOTAL are not set: this is not a job with `parallel`";
        return Err(usage(text.to_owned()).hint("say which part it is, e.g. --partition 2/5"));
    };
    let refused = |reason: String| usage(format!("CI_NODE_INDEX and CI_NODE_TOTAL: {reason}"));
    part.parse().map_err(refused)
}

impl LockArguments {
    /// The order of the release whose inputs are locked.
    pub(super) fn order(&self) -> ReleaseOrder {
        ReleaseOrder::new(&self.file)
    }
}

impl ReproduceArguments {
    /// The order to build the result again.
    pub(super) fn order(&self) -> ReproduceOrder {
        ReproduceOrder {
            any_image: self.any_image,
            engine_access: self.allow_engine_access,
            source: SourceChoice {
                urls: self.source.clone(),
                ..SourceChoice::default()
            },
            image: build::ImageChoice {
                archive: self.image_archive.clone(),
                mirrors: self.mirror.clone(),
                debian_mirror: self.debian_mirror.clone(),
                ..build::ImageChoice::default()
            },
            limits: Limits {
                stall: self.stall_timeout.map(|span| span.0),
                ..Limits::default()
            },
            offline: self.offline,
            output: self.output.clone(),
            keep: self.keep,
            ..ReproduceOrder::new(&self.manifest)
        }
    }
}
