//! The options of a build that one recipe has: help offers no others.

use clap::Command;

use super::build::{BuildArguments, ViaChoice};
use crate::plan::{PlanError, RequestedOption, refusal};
use crate::recipe::{Recipe, Source};

impl BuildArguments {
    /// Refuses what the recipe does not support, before anything is fetched for it.
    ///
    /// # Errors
    /// [`PlanError::Option`].
    pub fn check(&self, recipe: &Recipe) -> Result<(), PlanError> {
        let mut requested = self.requested().into_iter();
        match requested.find_map(|option| refusal(recipe, option)) {
            None => Ok(()),
            Some(refusal) => Err(refusal),
        }
    }

    /// The options of the command line that a recipe may not support.
    fn requested(&self) -> Vec<RequestedOption> {
        let is_requested = |option: &RequestedOption| match option {
            RequestedOption::Static => self.static_linked,
            RequestedOption::LowMemory => self.low_memory,
            RequestedOption::AllOutputs => self.all_outputs,
            RequestedOption::GoFlags => self.goflags.is_some(),
            RequestedOption::Toolchain => self.allow_toolchain.is_some(),
            RequestedOption::RunSh => self.via == ViaChoice::RunSh,
            RequestedOption::Targets => !self.target.is_empty(),
            RequestedOption::Source => !self.source.is_empty(),
            RequestedOption::Refresh => self.refresh,
            RequestedOption::Unpinned => self.unpinned,
            RequestedOption::Force => self.force,
            // A ready image comes from a registry, whatever images the recipe describes.
            RequestedOption::Mirrors => !self.mirror.is_empty() && self.image_name.is_none(),
            RequestedOption::DebianMirror => self.debian_mirror.is_some(),
            RequestedOption::Jobs => self.jobs.is_some(),
            RequestedOption::GlibcFloor => self.glibc_floor.is_some(),
            RequestedOption::RunCheck => self.verify_run,
        };
        let options = RequestedOption::ALL.into_iter();
        options.filter(is_requested).collect()
    }
}

/// The name of an option on the command line, without its dashes.
pub fn long_name(option: RequestedOption) -> &'static str {
    match option {
        RequestedOption::Static => "static",
        RequestedOption::LowMemory => "low-memory",
        RequestedOption::AllOutputs => "all-outputs",
        RequestedOption::GoFlags => "goflags",
        RequestedOption::Toolchain => "allow-toolchain",
        RequestedOption::RunSh => "via",
        RequestedOption::Targets => "target",
        RequestedOption::Source => "source",
        RequestedOption::Refresh => "refresh",
        RequestedOption::Unpinned => "unpinned",
        RequestedOption::Force => "force",
        RequestedOption::Mirrors => "mirror",
        RequestedOption::DebianMirror => "debian-mirror",
        RequestedOption::Jobs => "jobs",
        RequestedOption::GlibcFloor => "glibc-floor",
        RequestedOption::RunCheck => "verify-run",
    }
}

/// The command of a build with the options and the values that the recipe has. The others are still taken, and refused with
/// the reason, which says more than that they are not known.
pub(super) fn offer(command: Command, recipe: &Recipe) -> Command {
    let unsupported = RequestedOption::ALL.into_iter();
    let unsupported = unsupported.filter(|option| refusal(recipe, *option).is_some());
    let mut hidden: Vec<_> = unsupported.map(long_name).collect();
    if matches!(recipe.source, Source::Directory(_)) {
        // They may say what is built in any case.
        hidden.extend(["tag", "like"]);
    }
    // The help of a recipe is one screen. The general help has the one, the warning that leads to it the other.
    hidden.extend(["runtime", "registry", "require-limits"]);
    let images = image_ways(recipe);
    if images.len() < 2 {
        hidden.push("image");
    }
    command.mut_args(|argument| {
        let long = argument.get_long().unwrap_or_default();
        if hidden.contains(&long) {
            argument.hide(true)
        } else if long == "image" {
            argument.help(format!("Toolchain image: {}", images.join(", ")))
        } else {
            argument
        }
    })
}

/// The kinds of toolchain image that the recipe describes, as `--image` has them.
pub fn image_ways(recipe: &Recipe) -> Vec<String> {
    let ways = recipe.images.described();
    ways.map(|way| way.to_string()).collect()
}
