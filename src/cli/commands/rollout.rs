//! `kmembuild rollout`.

use crate::cli::args::RolloutArguments;
use crate::cli::dry_run::real_run;
use crate::cli::output::print;
use crate::delivery::rollout::{Drain, FileChange, Nodes, Rollout, read_nodes, write_rollout};
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::report::{Closing, Text, Tone};

pub(crate) fn run(environment: &Environment, arguments: RolloutArguments) -> Result<(), Failure> {
    let nodes = match (&arguments.nodes, arguments.selector) {
        (Some(file), _) => Nodes::Named(read_nodes(file)?),
        (None, Some(selector)) => Nodes::Labelled(selector),
        (None, None) => {
            let text = "a file of nodes or their labels are required";
            return Err(Failure::new(FailureKind::Usage, text));
        }
    };
    let drain = Drain {
        time: arguments.drain_timeout.0,
        delete_emptydir_data: arguments.delete_emptydir_data,
    };
    let rollout = Rollout {
        nodes,
        canary: arguments.canary,
        pause: arguments.pause.0,
        max_unavailable: arguments.max_unavailable,
        max_failed: arguments.max_failed,
        window: arguments.window,
        drain: (!arguments.no_drain).then_some(drain),
        reboot_time: arguments.reboot_timeout.0,
        check_time: arguments.check_timeout.0,
        script_options: arguments.script_option,
        remote: arguments.remote,
        image: arguments.image,
    };
    let is_dry_run = arguments.dry_run;
    let written = write_rollout(&arguments.results, &rollout, &arguments.output, is_dry_run)?;
    let nodes = match written.nodes {
        Some(1) => "1 node".to_owned(),
        Some(nodes) => format!("{nodes} nodes"),
        None => "the nodes with these labels".to_owned(),
    };
    let directory = arguments.output.display();
    if is_dry_run {
        for file in &written.files {
            print(&format!("{} {}\n", would(file.change), file.name))?;
        }
        let verdict = format!(
            "would write the rollout of {} to {nodes} -> {directory}",
            written.title
        );
        return print(&Closing::new(verdict).next(&real_run(environment)).text());
    }
    let verdict = format!(
        "wrote the rollout of {} to {nodes} -> {directory}",
        written.title
    );
    let next = format!(
        "read {directory}/README.md; `sh {directory}/ssh/rollout.sh state` asks the nodes and changes nothing"
    );
    let next = Text::labelled(Tone::Hint, "next:", next);
    print(&(Text::message(verdict) + "\n" + next + "\n"))
}

/// What a dry run says of a file.
fn would(change: FileChange) -> &'static str {
    match change {
        FileChange::New => "would write",
        FileChange::Changed => "would change",
        FileChange::Unchanged => "would keep",
        FileChange::Removed => "would remove",
    }
}
