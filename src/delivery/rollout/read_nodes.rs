//! A file of nodes.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::RolloutError;
use super::nodes::{InvalidNode, Node};
use crate::regular_file;

/// Most bytes of such a file, and most nodes in it: a cluster has at most 5,000.
const LARGEST_FILE: u64 = 4 << 20;
const MOST: usize = 20_000;

/// The nodes in a file: one a line, its name and, if `ssh` does not reach it by that, its address; empty lines and those that
/// begin with `#` do not count.
///
/// # Errors
/// If it cannot be read, names no node or too many, or a line is something else.
pub fn read_nodes(path: &Path) -> Result<Vec<Node>, RolloutError> {
    let text = regular_file::read_text(path, LARGEST_FILE);
    let text = text.map_err(|source| RolloutError::Nodes {
        path: path.to_owned(),
        source,
    })?;
    let mut seen = BTreeSet::new();
    let mut nodes = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let node = line.parse::<Node>().and_then(|node| {
            if seen.insert(node.name().to_owned()) {
                return Ok(node);
            }
            let text = node.name().to_owned();
            Err(InvalidNode::Twice { text })
        });
        nodes.push(node.map_err(|reason| RolloutError::Line {
            path: path.to_owned(),
            line: index + 1,
            reason,
        })?);
        if nodes.len() > MOST {
            let path = path.to_owned();
            return Err(RolloutError::TooMany { path, most: MOST });
        }
    }
    if nodes.is_empty() {
        let path = path.to_owned();
        return Err(RolloutError::NoNodes { path });
    }
    Ok(nodes)
}
