//! `kmembuild push`.

use serde::Serialize;

use super::transfer::{carried_out, transport};
use crate::cli::args::PushArguments;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::delivery::registry::{Pushed, push, push_node_image};
use crate::failure::Failure;
use crate::report::{Closing, Text, Verbosity};

/// `push --format json`.
#[derive(Serialize)]
struct Document {
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
    let pushed = carried_out(invocation, async |sink| {
        let (directory, reference) = (&arguments.directory, &arguments.reference);
        if arguments.node_image {
            let results: Vec<_> = [directory]
                .into_iter()
                .chain(&arguments.with)
                .cloned()
                .collect();
            return push_node_image(&results, reference, &transport, sink).await;
        }
        push(directory, reference, &transport, &is_stopped, sink).await
    })
    .await?;
    let closing = closing(&pushed);
    if invocation.json() {
        return print_document(&Document { pushed, closing });
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
    let verdict = if pushed.moved_blobs == 0 && pushed.moved_documents == 0 {
        "unchanged: everything was there already".to_owned()
    } else {
        format!(
            "pushed: {} of {} blobs moved, {}",
            pushed.moved_blobs,
            pushed.blobs,
            bytesize::ByteSize(pushed.moved_bytes)
        )
    };
    let closing = Closing::new(verdict);
    match pushed.tags.last() {
        // An image is for other tools to pull.
        Some(tag) if tag.kind == "image" => closing.program(&["docker", "pull", &tag.reference]),
        Some(tag) => closing.next(&["pull", &tag.reference, "DIR"]),
        None => closing,
    }
}
