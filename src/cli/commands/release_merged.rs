//! What is printed when the parts of a release were merged.

use serde::Serialize;

use super::release_counts::Counts;
use super::release_summary::files_at_the_top;
use crate::artifacts::{IndexResult, IndexTarget};
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::failure::{Failure, FailureKind};
use crate::harmless::harmless;
use crate::number_of::number_of;
use crate::release::{MergedRelease, ReleaseFile};
use crate::report::{Closing, Text, Verbosity};

/// `release --merge --format json`.
#[derive(Serialize)]
struct Merged<'a> {
    parts: usize,
    targets: &'a [IndexTarget],
    #[serde(flatten)]
    closing: Closing,
}

/// Prints the answer; fails where targets failed in their parts, with the highest of their exit codes.
pub(super) fn print_merged(
    invocation: &Invocation<'_>,
    file: &ReleaseFile,
    merged: &MergedRelease,
) -> Result<(), Failure> {
    let closing = closing(file, merged);
    if invocation.json() {
        print_document(&Merged {
            parts: merged.parts,
            targets: &merged.targets,
            closing,
        })?;
    } else if invocation.verbosity() == Verbosity::Quiet {
        print(&format!("{}\n", file.output().display()))?;
    } else {
        for target in &merged.targets {
            if let IndexResult::Failed { message, .. } = &target.result {
                print(&format!(
                    "{}: FAILED: {}\n",
                    target.folder(),
                    harmless(message)
                ))?;
            }
        }
        print(&closing.text())?;
    }
    let failed: Vec<_> = merged.targets.iter().filter_map(exit_code).collect();
    let Some(worst) = failed.iter().max() else {
        return Ok(());
    };
    let kind = FailureKind::of_exit_code(*worst).unwrap_or(FailureKind::Step);
    let total = number_of(merged.targets.len(), "target");
    let text = format!("{} of {total} failed in their parts", failed.len());
    Err(Failure::new(kind, text).hint("repeat the jobs of those parts, and merge again"))
}

/// `3 parts merged: 18 published, 2 not needed -> dist (80 files, signed)`.
fn closing(file: &ReleaseFile, merged: &MergedRelease) -> Closing {
    let mut counts = Counts::default();
    for target in &merged.targets {
        counts.add(match target.result {
            IndexResult::Published { .. } => "published",
            IndexResult::NotNeeded { .. } => "not needed",
            IndexResult::Failed { .. } => "failed",
        });
    }
    let files = merged.targets.iter().map(|target| match &target.result {
        IndexResult::Published { files, .. } => files.len(),
        IndexResult::NotNeeded { .. } | IndexResult::Failed { .. } => 0,
    });
    let files = files.sum::<usize>() + files_at_the_top(file);
    let signed = if file.is_signed() {
        "signed"
    } else {
        "not signed"
    };
    let parts = number_of(merged.parts, "part");
    let output = file.output().display().to_string();
    let place = format!(" -> {output} ({files} files, {signed})");
    let closing = Closing::new(Text::from(format!("{parts} merged: ")) + counts.text() + place);
    if merged
        .targets
        .iter()
        .any(|target| exit_code(target).is_some())
    {
        return closing;
    }
    closing.next(&["verify", &output])
}

fn exit_code(target: &IndexTarget) -> Option<u8> {
    match target.result {
        IndexResult::Failed { exit_code, .. } => Some(exit_code),
        IndexResult::Published { .. } | IndexResult::NotNeeded { .. } => None,
    }
}
