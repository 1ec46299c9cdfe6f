//! What was read of a node.

use super::commit::Commit;
use super::version::ReportedVersion;

/// What a program, or the API server of a cluster, reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Like {
    /// The program that has the version.
    pub program: Option<Program>,
    /// The version.
    pub version: Option<ReportedVersion>,
    /// The commit.
    pub commit: Option<Commit>,
    /// Architecture in Go's terms.
    pub architecture: Option<String>,
    /// What shows that the source differed from the commit, such as `its tree state is "dirty"`.
    pub changed: Option<String>,
}

/// The program that has a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A Kubernetes program; all of them have the same version.
    Kubernetes,
    /// Another program, by name.
    Named(String),
}

impl Program {
    /// Whether a file named `file` is this program.
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
