//! What a node has, read from what its programs say of themselves.
//!
//! [`read()`] understands the text that `kubectl version`, `kubectl get node`, `kubelet --version` and
//! `runc --version` print; it is pure. [`read_input`] takes the text from standard input or a file, or hears it from a
//! program. [`Like::target`] decides what is to be built to be like it.

mod commit;
mod document;
mod error;
mod input;
mod reading;
mod target;
mod text;
mod vendor;
mod version;

pub use commit::{Commit, same_commit};
pub use error::LikeError;
pub use input::read_input;
pub use reading::{LARGEST_TEXT, read};
pub use target::Target;
pub use vendor::Vendor;
pub use version::{Origin, ReportedVersion};

/// What a program says of itself, or a cluster of its programs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Like {
    /// Whose version it is.
    pub program: Option<Program>,
    /// The version.
    pub version: Option<ReportedVersion>,
    /// The commit.
    pub commit: Option<Commit>,
    /// Architecture in Go's terms.
    pub architecture: Option<String>,
    /// What says that the source was not that of the commit, e.g. `its tree state is "dirty"`.
    pub changed: Option<String>,
}

/// Whose version it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// One of the programs of Kubernetes, which all have one version.
    Kubernetes,
    /// The program of this name.
    Named(String),
}

impl Program {
    /// Whether a file called `file` is this program.
    pub fn is(&self, file: &str) -> bool {
        match self {
            Program::Kubernetes => file.starts_with("kube") || file.starts_with("hyperkube"),
            Program::Named(name) => file == name,
        }
    }
}

impl std::fmt::Display for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Program::Kubernetes => "Kubernetes",
            Program::Named(name) => name,
        })
    }
}

impl std::fmt::Display for Like {
    /// In one line: version, commit and architecture, as far as they are known.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let version = self.version.as_ref().map(|version| version.text.clone());
        let commit = self.commit.as_ref();
        let commit = commit.map(|commit| format!("commit {}", commit.label));
        let parts: Vec<String> = [version, commit, self.architecture.clone()]
            .into_iter()
            .flatten()
            .collect();
        f.write_str(&parts.join(", "))
    }
}
