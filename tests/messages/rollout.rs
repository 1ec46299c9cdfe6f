//! Rollouts.

use kmembuild::delivery::node_script::NodeScriptError;
use kmembuild::delivery::rollout::{InvalidNode, RolloutError};

use super::{Message, system, text};

pub(super) fn messages() -> Vec<Message> {
    let errors = samples!("rollout", explained RolloutError:
        NodeScript (NodeScriptError::NotProven { path: "dist/runc".into() }),
        Nodes { path: "nodes.txt".into(), source: system() },
        Line { path: "nodes.txt".into(), line: 3, reason: InvalidNode::Twice { text: text("node17") } },
        NoNodes { path: "nodes.txt".into() },
        TooMany { path: "nodes.txt".into(), most: 20_000 },
        ShareOfUnknown { what: "max-unavailable" },
        NoneUnavailable,
        Image,
        Foreign { path: "rollout/letter.txt".into() },
        Unreadable { path: "dist/runc".into(), source: system() },
        Changed { path: "dist/runc".into() },
        Unwritable { path: "rollout/nodes".into(), source: system() },
    );
    let lines = samples!("rollout", InvalidNode:
        Name { text: text("a;reboot") },
        Taken { text: text("localhost") },
        Address { text: text("-oProxyCommand=x") },
        More { text: text("10.0.0.1") },
        Twice { text: text("node17") },
    );
    errors.into_iter().chain(lines).collect()
}
