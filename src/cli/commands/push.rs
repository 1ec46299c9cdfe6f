//! `kmembuild push`.

use serde::Serialize;

use super::transfer::{carried_out, transport};
use crate::cli::args::PushArguments;
use crate::cli::dry_run::real_run;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::delivery::registry::{Pushed, push, push_node_image};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::number_of::number_of;
use crate::report::{Closing, Text, Verbosity};
use crate::transport::Access;

/// `push --format json`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    /// Whether nothing was moved, only shown.
    dry_run: bool,
    #[serde(flatten)]
    pushed: Pushed,
    #[serde(flatten)]
    closing: Closing,
}

pub(crate) async fn run(
    invocation: &Invocation<'_>,
    arguments: &PushArguments,
) -> Result<(), Failure> {
    let transport = transport(invocation, arguments.stall_timeout);
    let cancel = &invocation.workspace.cancel;
    let is_stopped = || cancel.is_cancelled();
    let access = if arguments.dry_run {
        Access::DryRun
    } else {
        Access::Write
    };
    let pushed = carried_out(invocation, async |sink| {
        let (directory, reference) = (&arguments.directory, &arguments.reference);
        if arguments.node_image {
            let results: Vec<_> = [directory]
                .into_iter()
                .chain(&arguments.with)
                .cloned()
                .collect();
            return push_node_image(&results, reference, access, &transport, sink).await;
        }
        push(directory, reference, access, &transport, &is_stopped, sink).await
    })
    .await?;
    let closing = if arguments.dry_run {
        would_push(&pushed, invocation.environment)
    } else {
        closing(&pushed)
    };
    if invocation.json() {
        return print_document(&Document {
            dry_run: arguments.dry_run,
            pushed,
            closing,
        });
    }
    if invocation.verbosity() == Verbosity::Quiet {
        return Ok(());
    }
    print(&tags(&pushed))?;
    print(&closing.text())
}

/// What each name is, with its digest below it: in one line they are wider than a terminal.
pub(super) fn tags(pushed: &Pushed) -> Text {
    let lines = pushed.tags.iter();
    let lines: String = lines
        .map(|tag| format!("{} {}\n  {}\n", tag.kind, tag.reference, tag.digest))
        .collect();
    Text::from(lines)
}

/// What was moved, and how it comes back.
pub(super) fn closing(pushed: &Pushed) -> Closing {
    let verdict = if is_unchanged(pushed) {
        "unchanged: everything was there already".to_owned()
    } else {
        format!("pushed: {}", moved(pushed, "moved"))
    };
    let closing = Closing::new(verdict);
    match pushed.tags.last() {
        // An image is for other tools to pull.
        Some(tag) if tag.kind == "image" => closing.program(&["docker", "pull", &tag.reference]),
        Some(tag) => closing.next(&["pull", &tag.reference, "DIR"]),
        None => closing,
    }
}

/// What would be moved, and how it is.
fn would_push(pushed: &Pushed, environment: &Environment) -> Closing {
    if is_unchanged(pushed) {
        return Closing::new("nothing to push: everything is there already");
    }
    let verdict = format!("would push: {}", moved(pushed, "to move"));
    Closing::new(verdict).next(&real_run(environment))
}

fn is_unchanged(pushed: &Pushed) -> bool {
    pushed.moved_blobs == 0 && pushed.moved_documents == 0
}

fn moved(pushed: &Pushed, what: &str) -> String {
    let size = bytesize::ByteSize(pushed.moved_bytes);
    format!(
        "{} of {} {what}, {size}",
        pushed.moved_blobs,
        number_of(pushed.blobs, "blob")
    )
}
