//! What a rollout says of itself to whoever finds its directory.

use std::fmt::Write as _;

use super::description::{Limits, Nodes, Rollout};

/// `README.md`.
pub(super) fn readme(rollout: &Rollout, limits: Limits, title: &str, inventory: &str) -> String {
    let pause = humantime::format_duration(rollout.pause);
    let nodes = match &rollout.nodes {
        Nodes::Named(nodes) => format!("{} nodes, which are in `nodes`", nodes.len()),
        Nodes::Labelled(selector) => format!("the nodes with the labels `{selector}`"),
    };
    let window = rollout.window.as_ref().map_or_else(
        || "at any time".to_owned(),
        |window| {
            let days: Vec<_> = window.days().collect();
            format!(
                "from {} to {} UTC on {}",
                window.from(),
                window.to(),
                days.join(", ")
            )
        },
    );
    let mut text = format!(
        "# Rollout of {title}\n\nTo {nodes}. Written by `kmembuild rollout`; nothing was done yet.\n\n\
         - first {} of them, which are watched for {pause} before the others follow\n\
         - at most {} out of service at a time\n\
         - no further one is begun after more than {} failed\n\
         - nodes are begun {window}\n\n\
         Each node is drained, gets the programs by `node.sh`, reboots, is checked and goes back into service. One that fails is\n\
         put back as it was, or stays out of service. Use one of these:\n\n\
         ## Ansible\n\n    cd ansible\n    ansible-playbook -i {inventory} rollout.yml\n    ansible-playbook -i {inventory} rollback.yml\n\n\
         ## ssh\n\n    sh ssh/rollout.sh run\n    sh ssh/rollout.sh state\n    sh ssh/rollout.sh rollback\n",
        limits.canary, limits.max_unavailable, limits.max_failed,
    );
    if rollout.image.is_some() {
        text += "\n## Upgrade controller\n\n\
                 Make the image of `controller/Dockerfile`, whose first lines say how. Then, and the second when the first nodes are well:\n\n\
                 \x20   kubectl apply -f controller/canary.yaml\n    kubectl apply -f controller/rollout.yaml\n\n\
                 A node whose job fails keeps its place among those that may be out of service, so that the plan stops. For the way\n\
                 back, delete these plans and apply `controller/rollback.yaml`.\n";
        if matches!(rollout.nodes, Nodes::Labelled(_)) {
            let _ = write!(
                text,
                "\nThe first nodes are those that you label: `kubectl label node NAME kmembuild-canary=`, {} of them.\n",
                limits.canary
            );
        }
    }
    text + "\nIf a node fails, look at it, and run the same again: what is done is left alone.\n"
}
