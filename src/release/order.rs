//! A target of a release as the order of a build.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::target::Target;
use crate::attestation::{PackageKey, SigningKey};
use crate::build::{
    BuildOrder, CacheUse, Checks, Destination, ImageChoice, Limits, RunCheck, SourceChoice, Subject,
};
use crate::recipe::BuildOption;

/// What holds for all targets of a release.
#[derive(Debug, Clone)]
pub(super) struct Common<'a> {
    /// Directory of the release file; its relative paths are below it.
    pub(super) directory: &'a Path,
    /// Directory for the results.
    pub(super) output: PathBuf,
    /// What may be taken from where.
    pub(super) cache: CacheUse,
    /// Key to sign with.
    pub(super) signing: Option<Arc<SigningKey>>,
    /// Key to sign packages with.
    pub(super) package_key: Option<Arc<PackageKey>>,
}

impl Target {
    /// The order to build the target.
    pub(super) fn order(&self, common: &Common<'_>) -> BuildOrder {
        let options = self.options.clone();
        let asked = [
            (BuildOption::Static, options.r#static),
            (BuildOption::LowMemory, options.low_memory),
            (BuildOption::AllOutputs, options.all_outputs),
        ];
        BuildOrder {
            recipe: self.recipe.to_string(),
            subject: match &self.version {
                Some(version) => Subject::Version(version.clone()),
                None => Subject::Only,
            },
            source: SourceChoice {
                urls: sources(options.source.unwrap_or_default(), common.directory),
                refresh: false,
                unpinned: options.unpinned.unwrap_or_default(),
            },
            image: ImageChoice {
                identity: None,
                way: options.image,
                name: options.image_name,
                archive: options
                    .image_archive
                    .map(|path| common.directory.join(path)),
                mirrors: options.mirror.unwrap_or_default(),
                debian_mirror: options.debian_mirror,
            },
            via: options.via.unwrap_or_default(),
            targets: options.target.unwrap_or_default(),
            options: asked
                .into_iter()
                .filter_map(|(option, asked)| (asked == Some(true)).then_some(option))
                .collect(),
            goflags: options.goflags.map(|flags| flags.0),
            allow_toolchain: options.allow_toolchain,
            architecture: self.arch.clone(),
            force: options.force.unwrap_or_default(),
            limits: Limits {
                memory: options.memory.map(|size| size.0),
                nano_cpus: options.cpus.map(|cpus| cpus.0),
                timeout: options.timeout.map(|span| span.0),
                jobs: options.jobs,
                stall: options.stall_timeout.map(|span| span.0),
            },
            checks: Checks {
                run: match options.verify_run {
                    None => RunCheck::WherePossible,
                    Some(true) => RunCheck::Required,
                    Some(false) => RunCheck::Skipped,
                },
                // The configuration may ask for it.
                no_network: false,
                limits: false,
                glibc_floor: options.glibc_floor,
            },
            cache: common.cache,
            destination: Destination {
                output: common.output.clone(),
                variant: self.variant.clone(),
                packages: self.packages.clone(),
                signing: common.signing.clone(),
                package_key: common.package_key.clone(),
            },
            keep: false,
        }
    }
}

/// Local paths are relative to the release file; URLs stay as they are.
fn sources(sources: Vec<String>, directory: &Path) -> Vec<String> {
    let place = |source: String| {
        let is_path = source.starts_with("./") || source.starts_with("../");
        if is_path {
            directory.join(source).display().to_string()
        } else {
            source
        }
    };
    sources.into_iter().map(place).collect()
}
