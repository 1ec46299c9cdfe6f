//! Plans for the system upgrade controller, and the image that they run.
//!
//! The image for nodes has no shell. A `Dockerfile` puts one under it, and the script that a job of the controller starts.

use std::fmt::Write as _;
use std::time::Duration;

use super::description::{Limits, Nodes, Rollout};
use super::error::RolloutError;
use super::nodes::Node;
use super::quoted::{in_shell, in_yaml, list_in_yaml};
use super::script_option::ScriptOption;
use super::selector::Operator;
use crate::transport::{ArtifactName, Place, Reference};

const SCRIPT: &str = include_str!("controller/upgrade.sh");
/// Where what this rollout says is inserted.
const HEAD: &str = "#@HEAD@\n";
/// The label of nodes with their own name, and the one that operators put on the first nodes where labels select them.
const HOSTNAME: &str = "kubernetes.io/hostname";
const CANARY: &str = "kmembuild-canary";
/// What the image of the plan has at the end of its tag.
const SUFFIX: &str = "-upgrade";

/// The node image by its name, and that of the plan.
pub(super) struct Images {
    node: String,
    upgrade: String,
}

impl Images {
    /// # Errors
    /// [`RolloutError::Image`] unless it is a tag of a registry.
    pub(super) fn of(reference: &Reference) -> Result<Self, RolloutError> {
        let (Place::Repository(place), Some(ArtifactName::Tag(tag))) =
            (&reference.place, &reference.name)
        else {
            return Err(RolloutError::Image);
        };
        let name = format!("{}/{}", place.registry, place.repository);
        Ok(Self {
            node: format!("{name}:{tag}"),
            upgrade: format!("{name}:{tag}{SUFFIX}"),
        })
    }
}

/// `Dockerfile`.
pub(super) fn dockerfile(images: &Images) -> String {
    let Images { node, upgrade } = images;
    format!(
        "# The image of the plans: the one for nodes, and a shell under it. Written by kmembuild rollout.\n\
         #     docker build --build-arg BASE=IMAGE-WITH-A-SHELL -t {upgrade} . && docker push {upgrade}\n\
         # The base needs sh, cp, mv, chmod, mkdir, rm, sleep, date and chroot: busybox has them.\n\
         ARG BASE\n\
         FROM {node} AS node\n\
         FROM ${{BASE}}\n\
         COPY --from=node /kmembuild /kmembuild\n\
         COPY upgrade.sh /kmembuild/upgrade.sh\n"
    )
}

/// `upgrade.sh`.
pub(super) fn script(rollout: &Rollout, programs: &[&str]) -> String {
    let options = rollout.script_options.iter().flat_map(ScriptOption::words);
    let options: Vec<_> = options.map(String::as_str).collect();
    let head = format!(
        "programs={}\noptions={}\nreboot_time={}\ncheck_time={}\n",
        in_shell(&programs.join(" ")),
        in_shell(&options.join(" ")),
        rollout.reboot_time.as_secs(),
        rollout.check_time.as_secs()
    );
    SCRIPT.replacen(HEAD, &head, 1)
}

/// The plans, each with the name of its file. `version` is a word that stands for the programs.
pub(super) fn plans(
    rollout: &Rollout,
    limits: Limits,
    images: &Images,
    version: &str,
) -> Vec<(&'static str, String)> {
    let (canary, rest) = match &rollout.nodes {
        Nodes::Named(nodes) => {
            let (first, rest) = nodes.split_at(nodes.len().min(limits.canary as usize));
            (by_name(first), by_name(rest))
        }
        Nodes::Labelled(_) => (labelled(CANARY, "Exists"), labelled(CANARY, "DoesNotExist")),
    };
    let all = match &rollout.nodes {
        Nodes::Named(nodes) => by_name(nodes),
        Nodes::Labelled(_) => String::new(),
    };
    [
        ("canary.yaml", "kmembuild-canary", "run", canary),
        ("rollout.yaml", "kmembuild-rollout", "run", rest),
        ("rollback.yaml", "kmembuild-rollback", "rollback", all),
    ]
    .into_iter()
    .map(|(file, name, action, nodes)| {
        let text = plan(rollout, limits, images, version, (name, action, &nodes));
        (file, text)
    })
    .collect()
}

fn plan(
    rollout: &Rollout,
    limits: Limits,
    images: &Images,
    version: &str,
    (name, action, nodes): (&str, &str, &str),
) -> String {
    let mut text = format!(
        "# For the system upgrade controller. Written by kmembuild rollout.\n\
         apiVersion: upgrade.cattle.io/v1\nkind: Plan\nmetadata:\n  name: {name}\n  namespace: system-upgrade\n\
         spec:\n  version: {}\n  concurrency: {}\n  serviceAccountName: system-upgrade\n  nodeSelector:\n    matchExpressions:\n",
        in_yaml(version),
        limits.max_unavailable,
    );
    if let Nodes::Labelled(selector) = &rollout.nodes {
        for requirement in selector.requirements() {
            let _ = write!(
                text,
                "      - {{key: {}, operator: {}",
                in_yaml(&requirement.key),
                requirement.operator.name()
            );
            if matches!(requirement.operator, Operator::In | Operator::NotIn) {
                let _ = write!(text, ", values: {}", list_in_yaml(&requirement.values));
            }
            text += "}\n";
        }
    }
    text += nodes;
    if let Some(window) = &rollout.window {
        // Its clock has no 24:00.
        let to = Some(window.to()).filter(|to| to != "24:00");
        let _ = writeln!(
            text,
            "  window:\n    days: {}\n    startTime: {}\n    endTime: {}\n    timeZone: UTC",
            list_in_yaml(window.days()),
            in_yaml(&window.from()),
            in_yaml(to.as_deref().unwrap_or("23:59")),
        );
    }
    match rollout.drain {
        None => text += "  cordon: true\n",
        Some(drain) => {
            let _ = writeln!(
                text,
                "  drain:\n    ignoreDaemonSets: true\n    deleteEmptydirData: {}\n    timeout: {}",
                drain.delete_emptydir_data,
                in_yaml(&format!("{}s", drain.time.as_secs())),
            );
        }
    }
    let drain = rollout.drain.map_or(Duration::ZERO, |drain| drain.time);
    // Replacing itself takes minutes; copies to a slow disk may take longer.
    let deadline = drain + rollout.reboot_time + rollout.check_time + Duration::from_mins(30);
    let _ = writeln!(
        text,
        "  jobActiveDeadlineSecs: {}\n  tolerations:\n    - {{operator: Exists}}\n  upgrade:\n    image: {}\n    \
         command: [\"sh\", \"/kmembuild/upgrade.sh\"]\n    args: {}",
        deadline.as_secs(),
        in_yaml(&images.upgrade),
        list_in_yaml([action]),
    );
    text
}

fn by_name(nodes: &[Node]) -> String {
    // Nobody has no name, so this selects nobody.
    if nodes.is_empty() {
        return labelled(HOSTNAME, "DoesNotExist");
    }
    let names = nodes.iter().map(Node::name);
    format!(
        "      - {{key: {}, operator: In, values: {}}}\n",
        in_yaml(HOSTNAME),
        list_in_yaml(names)
    )
}

fn labelled(key: &str, operator: &str) -> String {
    format!("      - {{key: {}, operator: {operator}}}\n", in_yaml(key))
}
