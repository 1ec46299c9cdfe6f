//! `kmembuild pull`.

use std::path::Path;

use serde::Serialize;

use super::transfer::{carried_out, transport};
use crate::attestation::{Audit, VerifyingKey};
use crate::cli::args::PullArguments;
use crate::cli::dry_run::real_run;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::delivery::registry::{PullOrder, Pulled, ToPull, look_at, pull};
use crate::failure::Failure;
use crate::number_of::number_of;
use crate::recipe::MANIFEST;
use crate::report::{Closing, Verbosity, audit_table, audit_verdict, output_width};
use crate::transport::{Platform, Transport};
use crate::verify::{CheckName, own_architecture};

/// `pull --format json`.
#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    pulled: Pulled,
    #[serde(flatten)]
    closing: Closing,
}

pub(crate) async fn run(
    invocation: &Invocation<'_>,
    arguments: &PullArguments,
) -> Result<(), Failure> {
    let keys = arguments.key.iter().map(|path| VerifyingKey::read(path));
    let architecture = match &arguments.arch {
        Some(architecture) => architecture.to_string(),
        None => own_architecture().to_owned(),
    };
    let order = PullOrder {
        reference: arguments.reference.clone(),
        directory: arguments.directory.clone(),
        platform: Platform::linux(&architecture),
        keys: keys.collect::<Result<_, _>>()?,
    };
    let transport = transport(invocation, arguments.stall_timeout);
    if arguments.dry_run {
        return show(invocation, &order, &transport).await;
    }
    let cancel = &invocation.workspace.cancel;
    let is_stopped = || cancel.is_cancelled();
    let pulled = carried_out(invocation, async |sink| {
        pull(&order, &transport, &is_stopped, sink).await
    })
    .await?;
    let closing = closing(&pulled.audit, &arguments.directory);
    if invocation.json() {
        return print_document(&Document { pulled, closing });
    }
    if invocation.verbosity() == Verbosity::Quiet {
        return Ok(());
    }
    let width = output_width(invocation.environment);
    print(&audit_table(&pulled.audit, width))?;
    print_digest(&pulled.reference)?;
    print(&closing.text())
}

/// `pull --dry-run --format json`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Shown {
    /// Always: nothing was pulled, only shown.
    dry_run: bool,
    #[serde(flatten)]
    to_pull: ToPull,
    #[serde(flatten)]
    closing: Closing,
}

/// Shows what would be pulled.
async fn show(
    invocation: &Invocation<'_>,
    order: &PullOrder,
    transport: &Transport,
) -> Result<(), Failure> {
    let to_pull = carried_out(invocation, async |sink| {
        look_at(order, transport, sink).await
    })
    .await?;
    let files = number_of(to_pull.files, "file");
    let verdict = format!(
        "would pull {files}, {}, to {}; nothing of it was fetched or verified",
        bytesize::ByteSize(to_pull.size),
        order.directory.display()
    );
    let closing = Closing::new(verdict).next(&real_run(invocation.environment));
    if invocation.json() {
        return print_document(&Shown {
            dry_run: true,
            to_pull,
            closing,
        });
    }
    if invocation.verbosity() == Verbosity::Quiet {
        return Ok(());
    }
    print_digest(&to_pull.reference)?;
    print(&closing.text())
}

/// Prints the digest of what was found. The whole reference is wider than a terminal.
fn print_digest(reference: &str) -> Result<(), Failure> {
    match reference.split_once('@') {
        Some((_, digest)) => print(&format!("digest {digest}\n")),
        None => Ok(()),
    }
}

/// What was pulled, and how a single result comes to a node.
fn closing(audit: &Audit, directory: &Path) -> Closing {
    let closing = Closing::new(audit_verdict(audit));
    let mut checks = audit.binaries.iter().flat_map(|binary| &binary.checks);
    let is_for_nodes = checks.any(|check| check.name == CheckName::Kmem);
    if is_for_nodes && directory.join(MANIFEST).is_file() {
        let directory = directory.display().to_string();
        return closing.next(&["node-script", &directory, "--output", "node.sh"]);
    }
    closing
}
