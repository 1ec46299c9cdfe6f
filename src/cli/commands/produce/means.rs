//! With what a plan is carried out.

use std::path::Path;

use super::super::Invocation;
use super::super::prepare::{Prepared, stall};
use crate::cli::args::BuildArguments;
use crate::events::Sink;
use crate::execute::{Context, Run};
use crate::recipe::TimeSpan;

/// What the command line says of how a plan is carried out, beside the plan.
pub(in super::super) struct Means<'a> {
    pub(in super::super) image_archive: Option<&'a Path>,
    pub(in super::super) debian_mirror: Option<&'a str>,
    pub(in super::super) offline: bool,
    pub(in super::super) keep: bool,
    pub(in super::super) stall_timeout: Option<TimeSpan>,
}

impl<'a> From<&'a BuildArguments> for Means<'a> {
    fn from(arguments: &'a BuildArguments) -> Self {
        Self {
            image_archive: arguments.image_archive.as_deref(),
            debian_mirror: arguments.debian_mirror.as_deref(),
            offline: arguments.caches.offline,
            keep: arguments.keep,
            stall_timeout: arguments.stall_timeout,
        }
    }
}

/// What a plan is carried out with; `run` comes with its folder for lock files.
pub(in super::super) fn context<'a>(
    invocation: &'a Invocation<'_>,
    prepared: &'a Prepared,
    means: &Means<'a>,
    (run, locks): (&'a Run, &'a Path),
    sink: &'a dyn Sink,
) -> Context<'a> {
    Context {
        engine: &prepared.connected.engine,
        store: prepared.store.as_ref(),
        patches: &prepared.loaded.patches,
        image_archive: means.image_archive,
        debian_mirror: means
            .debian_mirror
            .or(invocation.config.debian_mirror.as_deref()),
        environment: &invocation.environment.for_others,
        run,
        locks,
        offline: means.offline,
        locked_images: &invocation.locked_images,
        locked_by: "the lock file",
        keep: means.keep,
        stall: stall(invocation, means.stall_timeout),
        sink,
        cancel: invocation.cancel,
    }
}
