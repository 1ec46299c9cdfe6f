//! Which runc, kubelet and docker this host has.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::verify::{Findings, VERSION_TIMEOUT, VerifyError, VersionRun, inspect, run_version};

/// Where distributions, Docker's packages and installers put these programs, beside what `PATH` names.
pub const WELL_KNOWN_FOLDERS: [&str; 14] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/usr/libexec/docker",
    "/usr/libexec/crio",
    "/usr/lib/docker",
    "/usr/lib/cri-o-runc/sbin",
    "/opt/bin",
    "/opt/kube/bin",
    "/opt/kubernetes/bin",
    "/home/kubernetes/bin",
];

/// What the programs are called in the distributions.
const NAMES: [(&str, ProgramKind); 9] = [
    ("runc", ProgramKind::Runc),
    ("docker-runc", ProgramKind::Runc),
    ("docker-runc-current", ProgramKind::Runc),
    ("docker-runc-latest", ProgramKind::Runc),
    ("kubelet", ProgramKind::Kubelet),
    ("hyperkube", ProgramKind::Kubelet),
    ("dockerd", ProgramKind::Docker),
    ("dockerd-current", ProgramKind::Docker),
    ("docker", ProgramKind::Docker),
];

/// What a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProgramKind {
    /// Starts containers, and gives each its cgroups.
    Runc,
    /// Gives pods their cgroups.
    Kubelet,
    /// Lets runc start containers.
    Docker,
}

/// A program that is installed.
#[derive(Debug)]
pub struct Program {
    /// What it is, by its name.
    pub kind: ProgramKind,
    /// Where it is, links resolved.
    pub path: PathBuf,
    /// What `verify` finds in it.
    pub findings: Result<Findings, VerifyError>,
    /// What it says of its version; none where it was not run.
    pub version: Option<VersionRun>,
}

/// Finds the programs in `folders` and looks into each, once wherever links lead to it. Runs those that are programs with
/// `--version`, as `verify` does. Blocks for that long.
pub fn find_programs(folders: &[PathBuf]) -> Vec<Program> {
    let mut found = BTreeMap::new();
    for (folder, (name, kind)) in folders
        .iter()
        .flat_map(|folder| NAMES.iter().map(move |name| (folder, name)))
    {
        // A name that leads nowhere is not an installed program.
        if let Ok(path) = fs::canonicalize(folder.join(name))
            && path.is_file()
        {
            found.entry(path).or_insert(*kind);
        }
    }
    let mut programs: Vec<_> = found
        .into_iter()
        .map(|(path, kind)| look_into(kind, path))
        .collect();
    programs.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    programs
}

fn look_into(kind: ProgramKind, path: PathBuf) -> Program {
    let findings = inspect(&path);
    let is_program = matches!(&findings, Ok(findings) if findings.format.is_program());
    let version = is_program.then(|| version_of(&path));
    Program {
        kind,
        path,
        findings,
        version,
    }
}

fn version_of(path: &Path) -> VersionRun {
    run_version(path, &["--version".to_owned()], VERSION_TIMEOUT)
}

impl Program {
    /// The first line of what it says of its version.
    pub fn version_line(&self) -> Option<&str> {
        match &self.version {
            Some(VersionRun::Ran { output, .. }) => {
                output.lines().map(str::trim).find(|line| !line.is_empty())
            }
            _ => None,
        }
    }
}
