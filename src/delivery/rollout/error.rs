//! Why a rollout could not be written.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::nodes::InvalidNode;
use crate::delivery::node_script::NodeScriptError;

/// No rollout can be written.
#[derive(Debug, Error)]
pub enum RolloutError {
    /// The programs are none for nodes.
    #[error(transparent)]
    NodeScript(#[from] NodeScriptError),
    /// The file of nodes could not be read.
    #[error("could not read the nodes in {}", path.display())]
    Nodes {
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// A line of it names no node.
    #[error("{}:{line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// Why.
        reason: InvalidNode,
    },
    /// The file names no node.
    #[error("{} names no node; write one a line", path.display())]
    NoNodes {
        /// The file.
        path: PathBuf,
    },
    /// The file names too many nodes.
    #[error("{} names more than {most} nodes; make a rollout of each part of them", path.display())]
    TooMany {
        /// The file.
        path: PathBuf,
        /// So many may be in it.
        most: usize,
    },
    /// A share of nodes that are not known yet.
    #[error(
        "{what} is a share of the nodes, but how many there are is only known later; use a number"
    )]
    ShareOfUnknown {
        /// Which amount.
        what: &'static str,
    },
    /// No node may ever be begun.
    #[error("if no node may be out of service, none can be replaced; allow at least one")]
    NoneUnavailable,
    /// The image of the plan has no name that another can be made of.
    #[error("a plan needs an image by its tag in a registry; use REGISTRY/REPOSITORY:TAG")]
    Image,
    /// The directory has something else in it.
    #[error("{} is not of a rollout; use an empty directory, or that of an earlier rollout", path.display())]
    Foreign {
        /// What is there.
        path: PathBuf,
    },
    /// A program could not be read.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// The program.
        path: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
    /// A program changed while it was copied.
    #[error("{} changed while it was copied; run this again", path.display())]
    Changed {
        /// The program.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("could not write {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
}
