//! `kmembuild bundle`, and the release that is made of a bundle.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::transfer::transport;
use crate::bundle::{Bundles, Written};
use crate::cli::args::{BundleArguments, ReleaseArguments};
use crate::cli::dry_run::real_run;
use crate::cli::explain::explain;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::failure::{Failure, FailureKind};
use crate::number_of::number_of;
use crate::release::{
    BundleContents, BundleOrder, ReleaseFile, UnpackedRelease, bundle_contents, make_bundle,
    require_lockfile, unpack_release,
};
use crate::report::{Closing, ReleaseProgress, Verbosity};

/// Smallest part in bytes: a thousand of them hold a small bundle.
const SMALLEST_PART: u64 = 64 << 10;

/// `bundle --format json`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    /// The file, or its parts.
    files: Vec<String>,
    /// Bytes of all of them.
    size: u64,
    /// Digest of the bundle's manifest.
    digest: String,
    /// How many blobs are in it.
    blobs: usize,
    /// How many are left out, because the earlier bundle has them.
    left_out: usize,
    #[serde(flatten)]
    closing: Closing,
}

/// Makes a bundle of a release.
pub(crate) async fn run(
    mut invocation: Invocation<'_>,
    arguments: &BundleArguments,
) -> Result<(), Failure> {
    let split = arguments.split.map(|size| size.0);
    if split.is_some_and(|size| size < SMALLEST_PART) {
        let smallest = bytesize::ByteSize(SMALLEST_PART);
        let text = format!("the parts of a bundle have at least {smallest}");
        return Err(Failure::new(FailureKind::Usage, text));
    }
    let order = crate::release::ReleaseOrder::new(&arguments.file);
    let file = ReleaseFile::read(&order, &invocation.workspace).await?;
    let lockfile = require_lockfile(file.lockfile(), false)?;
    invocation.workspace = invocation.workspace.with_lockfile(lockfile);
    let terminal = invocation.environment.progress_terminal && !invocation.json();
    let progress = ReleaseProgress::new(false, terminal, invocation.verbosity(), false, explain);
    if arguments.dry_run {
        let contents = bundle_contents(&file, &invocation.workspace, &progress).await;
        progress.finish();
        return show(&invocation, arguments, contents?);
    }
    let order = BundleOrder {
        file: arguments.file.clone(),
        output: arguments.output.clone(),
        split,
        since: arguments.since.clone(),
        tool: invocation.surroundings.runtime.keeper.clone(),
    };
    let transport = transport(&invocation, None);
    let workspace = &invocation.workspace;
    let made = make_bundle(&order, &file, workspace, &transport, &progress).await;
    progress.finish();
    report(&invocation, arguments, &made?)
}

/// `bundle --dry-run --format json`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Shown {
    /// Always: nothing was written, only shown.
    dry_run: bool,
    contents: BundleContents,
    #[serde(flatten)]
    closing: Closing,
}

/// Shows what would be in a bundle.
fn show(
    invocation: &Invocation<'_>,
    arguments: &BundleArguments,
    contents: BundleContents,
) -> Result<(), Failure> {
    let verdict = format!(
        "would write {} for {}: {}, {}",
        arguments.output.display(),
        number_of(contents.targets.len(), "target"),
        number_of(
            contents.sources.values().map(BTreeSet::len).sum::<usize>(),
            "commit"
        ),
        number_of(contents.images.len(), "image"),
    );
    let closing = Closing::new(verdict).next(&real_run(invocation.environment));
    if invocation.json() {
        return print_document(&Shown {
            dry_run: true,
            contents,
            closing,
        });
    }
    if invocation.verbosity() == Verbosity::Quiet {
        return Ok(());
    }
    for target in &contents.targets {
        print(&format!("target {target}\n"))?;
    }
    for (recipe, commits) in &contents.sources {
        for commit in commits {
            print(&format!("source {recipe}, commit {commit}\n"))?;
        }
    }
    for image in &contents.images {
        print(&format!("image {image}\n"))?;
    }
    print(&closing.text())
}

fn report(
    invocation: &Invocation<'_>,
    arguments: &BundleArguments,
    made: &Written,
) -> Result<(), Failure> {
    let files = made.files.iter().map(|file| file.display().to_string());
    let files: Vec<_> = files.collect();
    let bundle = arguments.output.display().to_string();
    let parts = match files.len() {
        1 => String::new(),
        parts => format!(" in {parts} parts"),
    };
    let left_out = match (&arguments.since, made.left_out) {
        (None, _) => String::new(),
        (Some(since), left_out) => format!(
            ", without {left_out} of {}, which {} has",
            bytesize::ByteSize(made.left_out_bytes),
            since.display()
        ),
    };
    let verdict = format!(
        "{bundle}: {} blobs, {}{parts}{left_out}",
        made.blobs,
        bytesize::ByteSize(made.size)
    );
    let mut words = vec!["release", "--bundle", &bundle];
    let since = arguments
        .since
        .as_ref()
        .map(|since| since.display().to_string());
    if let Some(since) = &since {
        words.extend(["--bundle", since]);
    }
    let closing = Closing::new(verdict).next(&words);
    if invocation.json() {
        return print_document(&Document {
            files,
            size: made.size,
            digest: made.digest.to_string(),
            blobs: made.blobs,
            left_out: made.left_out,
            closing,
        });
    }
    if invocation.verbosity() == Verbosity::Quiet {
        return print(&(files.join("\n") + "\n"));
    }
    if let Some(tool) = &made.tool {
        let blob = format!("blobs/sha256/{}", tool.hex());
        let from = match files.as_slice() {
            [_] => format!("tar -xOf {bundle} {blob}"),
            _ => format!("cat {bundle}.* | tar -xO {blob}"),
        };
        print(&format!("kmembuild itself: {from} | gunzip >kmembuild\n"))?;
    }
    print(&closing.text())
}

/// Opens the bundle that a release is to be made of. Where there is no release file, its own is used, which is there until the
/// answer is dropped.
pub(crate) fn open(
    invocation: &mut Invocation<'_>,
    arguments: &mut ReleaseArguments,
) -> Result<Option<UnpackedRelease>, Failure> {
    if arguments.bundle.is_empty() {
        return Ok(None);
    }
    let bundle = Bundles::open(&arguments.bundle).map_err(Failure::from)?;
    arguments.caches.offline = true;
    let unpacked = if arguments.file.exists() {
        None
    } else {
        let unpacked = unpack_release(&bundle)?;
        arguments.file.clone_from(&unpacked.file);
        if arguments.output.is_none() {
            arguments.output = Some(unpacked.output()?.to_owned());
        }
        Some(unpacked)
    };
    invocation.workspace.bundle = Some(Arc::new(bundle));
    Ok(unpacked)
}
