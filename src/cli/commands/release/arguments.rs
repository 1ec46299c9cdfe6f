//! A target's options as arguments of a build.

use std::path::Path;

use crate::cli::args::{BuildArguments, CacheArguments, ImageChoice, UpstreamArguments, ViaChoice};
use crate::plan::Via;
use crate::recipe::ImageWay;
use crate::release::Target;

/// What `kmembuild RECIPE` would be told to build the target. Relative paths of the release file are below `folder`.
pub(super) fn build_arguments(
    target: &Target,
    caches: &CacheArguments,
    folder: &Path,
    output: &Path,
) -> BuildArguments {
    let options = target.options.clone();
    BuildArguments {
        tag: target.version.clone(),
        like: None,
        source: sources(options.source.unwrap_or_default(), folder),
        refresh: false,
        mirror: options.mirror.unwrap_or_default(),
        image: options.image.map(|way| match way {
            ImageWay::Registry => ImageChoice::Registry,
            ImageWay::Upstream => ImageChoice::Upstream,
            ImageWay::Lean => ImageChoice::Lean,
            ImageWay::Debian => ImageChoice::Debian,
        }),
        image_name: options.image_name,
        image_archive: options.image_archive.map(|path| folder.join(path)),
        debian_mirror: options.debian_mirror,
        arch: target.arch.clone(),
        upstream: UpstreamArguments {
            target: options.target.unwrap_or_default(),
            via: match options.via.unwrap_or_default() {
                Via::Make => ViaChoice::Make,
                Via::RunSh => ViaChoice::RunSh,
            },
            static_linked: options.r#static.unwrap_or_default(),
            goflags: options.goflags,
            low_memory: options.low_memory.unwrap_or_default(),
            all_outputs: options.all_outputs.unwrap_or_default(),
            allow_toolchain: options.allow_toolchain,
        },
        caches: caches.clone(),
        force: options.force.unwrap_or_default(),
        memory: options.memory,
        cpus: options.cpus,
        timeout: options.timeout,
        stall_timeout: options.stall_timeout,
        jobs: options.jobs,
        glibc_floor: options.glibc_floor,
        // A release decides that by itself, see its orders.
        verify_run: false,
        output: output.to_owned(),
        keep: false,
    }
}

/// Local paths are relative to the release file; URLs stay as they are.
fn sources(sources: Vec<String>, folder: &Path) -> Vec<String> {
    let place = |source: String| {
        let is_path = source.starts_with("./") || source.starts_with("../");
        if is_path {
            folder.join(source).display().to_string()
        } else {
            source
        }
    };
    sources.into_iter().map(place).collect()
}
