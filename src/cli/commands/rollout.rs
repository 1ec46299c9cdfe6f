//! `kmembuild rollout`.

use crate::cli::args::RolloutArguments;
use crate::cli::output::print;
use crate::delivery::rollout::{Drain, Nodes, Rollout, read_nodes, write_rollout};
use crate::failure::{Failure, FailureKind};
use crate::report::{Text, Tone};

pub(crate) fn run(arguments: RolloutArguments) -> Result<(), Failure> {
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
    let written = write_rollout(&arguments.results, &rollout, &arguments.output)?;
    let nodes = match written.nodes {
        Some(1) => "1 node".to_owned(),
        Some(nodes) => format!("{nodes} nodes"),
        None => "the nodes with these labels".to_owned(),
    };
    let directory = arguments.output.display();
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
