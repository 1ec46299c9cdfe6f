//! Writes a rollout.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::ansible;
use super::controller;
use super::description::{Nodes, Rollout};
use super::directory::{DESCRIPTION, Directory, RolloutFile};
use super::error::RolloutError;
use super::readme::readme;
use super::ssh;
use crate::artifacts::directory_of;
use crate::checksum::sha256_hex;
use crate::delivery::node_script::{NodeBinary, node_script};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenRollout {
    /// `runc v1.0.0-rc10 and kubelet v1.15.5`.
    pub title: String,
    /// How many nodes it is for; `None` where their labels say which.
    pub nodes: Option<usize>,
    /// Name of the inventory.
    pub inventory: &'static str,
    /// The files, in the order in which they are written.
    pub files: Vec<RolloutFile>,
}

/// `rollout.json`, by which the directory is known.
#[derive(Serialize)]
struct Description<'a> {
    /// Version of this format.
    format: u32,
    programs: Vec<Program<'a>>,
    /// The sha256 of `node.sh`.
    script: String,
}

#[derive(Serialize)]
struct Program<'a> {
    name: &'a str,
    version: &'a str,
    platform: &'a str,
    sha256: &'a str,
}

/// Writes everything for a rollout of the runc and the kubelet of `results` to the directory `root`, which must be empty or
/// that of a rollout. The same rollout gives the same bytes. A dry run writes nothing: the answer says what would be.
///
/// # Errors
/// [`RolloutError`].
pub fn write_rollout(
    results: &[PathBuf],
    rollout: &Rollout,
    root: &Path,
    is_dry_run: bool,
) -> Result<WrittenRollout, RolloutError> {
    let mut binaries = Vec::new();
    let mut paths = Vec::new();
    for result in results {
        for binary in NodeBinary::read(result)? {
            paths.push(directory_of(result).join(&binary.name));
            binaries.push(binary);
        }
    }
    let script = node_script(&binaries)?;
    let limits = rollout.limits()?;
    let images = rollout.image.as_ref().map(controller::Images::of);
    let images = images.transpose()?;
    let programs: Vec<_> = binaries.iter().map(|binary| binary.name.as_str()).collect();
    let titles: Vec<_> = binaries.iter().map(NodeBinary::title).collect();
    let title = titles.join(" and ");
    let (inventory, inventory_text, is_program) = ansible::inventory(rollout, limits);
    let script_sum = sha256_hex(script.as_bytes());

    let directory = Directory::open(root, is_dry_run)?;
    // First of all, so that an interrupted run is known for what it is.
    directory.write(DESCRIPTION, &description(&binaries, &script_sum), 0o644)?;
    for (binary, path) in binaries.iter().zip(&paths) {
        directory.copy(path, &format!("files/{}", binary.name), &binary.sha256)?;
    }
    for name in ["runc", "kubelet"] {
        if !programs.contains(&name) {
            directory.remove(&format!("files/{name}"))?;
        }
    }
    directory.write("files/node.sh", &script, 0o755)?;
    for (name, text) in ansible::FILES {
        directory.write(&format!("ansible/{name}"), text, 0o644)?;
    }
    let variables = ansible::variables(rollout, limits, &programs);
    directory.write("ansible/vars.yml", &variables, 0o644)?;
    for name in ["inventory.yml", "inventory.sh"] {
        if name != inventory {
            directory.remove(&format!("ansible/{name}"))?;
        }
    }
    let mode = if is_program { 0o755 } else { 0o644 };
    directory.write(&format!("ansible/{inventory}"), &inventory_text, mode)?;
    let text = ssh::script(rollout, limits, &programs, &title);
    directory.write("ssh/rollout.sh", &text, 0o755)?;
    match &rollout.nodes {
        Nodes::Named(nodes) => {
            let lines = nodes.iter();
            let lines = lines.map(|node| format!("{} {}\n", node.name(), node.address()));
            directory.write("nodes", &lines.collect::<String>(), 0o644)?;
        }
        Nodes::Labelled(_) => directory.remove("nodes")?,
    }
    match &images {
        None => directory.remove("controller")?,
        Some(images) => {
            directory.write(
                "controller/Dockerfile",
                &controller::dockerfile(images),
                0o644,
            )?;
            let text = controller::script(rollout, &programs);
            directory.write("controller/upgrade.sh", &text, 0o755)?;
            for (name, text) in controller::plans(rollout, limits, images, &script_sum[..12]) {
                directory.write(&format!("controller/{name}"), &text, 0o644)?;
            }
        }
    }
    let text = readme(rollout, limits, &title, inventory);
    directory.write("README.md", &text, 0o644)?;
    Ok(WrittenRollout {
        title,
        nodes: match &rollout.nodes {
            Nodes::Named(nodes) => Some(nodes.len()),
            Nodes::Labelled(_) => None,
        },
        inventory,
        files: directory.into_files(),
    })
}

fn description(binaries: &[NodeBinary], script: &str) -> String {
    let programs = binaries.iter().map(|binary| Program {
        name: &binary.name,
        version: &binary.version,
        platform: &binary.platform,
        sha256: &binary.sha256,
    });
    let description = Description {
        format: 1,
        programs: programs.collect(),
        script: script.to_owned(),
    };
    // Texts and numbers always serialise.
    serde_json::to_string_pretty(&description).unwrap_or_default() + "\n"
}
