//! How results cannot be brought to a registry, or back.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::artifacts::PublishedError;
use crate::attestation::{Audit, AuditError};
use crate::delivery::node_script::NodeScriptError;
use crate::failure::indented;
use crate::transport::{ReferenceError, TransportError};

/// A result that cannot be pushed or pulled.
#[derive(Debug, Error)]
pub enum DistributionError {
    /// The registry or layout failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The result cannot be read.
    #[error(transparent)]
    Published(#[from] PublishedError),
    /// There is nothing that could be pushed, or what was pulled is nothing.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// What is to be pushed, or was pulled, does not match what was recorded, or is not proven.
    #[error("{what} was not {verb}, because it {}:{}", if audit.is_changed() {
        "does not match what was recorded"
    } else {
        "could not be proven"
    }, problems(audit))]
    Unproven {
        /// The directory or the reference.
        what: String,
        /// What would have been done with it: pushed, pulled.
        verb: &'static str,
        /// What was found.
        audit: Box<Audit>,
    },
    /// No image for nodes can be made of the results.
    #[error(transparent)]
    NodeScript(#[from] NodeScriptError),
    /// A version, or a name in a release, cannot be a tag or a repository.
    #[error("{name} cannot be named in a registry")]
    Name {
        /// The version or name.
        name: String,
        /// Why not.
        #[source]
        source: ReferenceError,
    },
    /// A result is pushed under a digest, which is its content and cannot be chosen.
    #[error("{reference} has a digest, which cannot be chosen")]
    DigestGiven {
        /// The reference.
        reference: String,
    },
    /// A reference names a repository, but nothing in it.
    #[error("{reference} does not say which artifact of it is meant")]
    NoName {
        /// The reference.
        reference: String,
    },
    /// Something else has the name.
    #[error("{reference} is {found}, not a result or a release of kmembuild")]
    OtherArtifact {
        /// The reference.
        reference: String,
        /// What it is, as harmless text.
        found: String,
    },
    /// A file in an artifact is not one that this tool puts there.
    #[error("{reference} has a file that kmembuild never pushes: {problem}")]
    File {
        /// The artifact.
        reference: String,
        /// What is wrong with it, as harmless text.
        problem: String,
    },
    /// The directory for what is pulled has something else in it.
    #[error("{} has something else in it than a result or a release", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
    },
    /// A file to push could not be read.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// What is pulled could not be written.
    #[error("could not write {}", path.display())]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The user stopped it.
    #[error("interrupted; what was there before is unchanged")]
    Interrupted,
}

fn problems(audit: &Audit) -> String {
    let lines = audit.problems.iter();
    let lines: Vec<_> = lines
        .map(|problem| format!("{}: {}", problem.file, problem.message))
        .collect();
    indented(&lines)
}
