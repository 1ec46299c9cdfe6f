//! The installed runc, kubelet and docker.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::verify::{Findings, KmemVerdict, VERSION_TIMEOUT, VerifyError, VersionRun};

/// Where distributions, Docker's packages and installers put these programs, in addition to `PATH`. The script for nodes
/// looks in the same places.
pub const WELL_KNOWN_DIRECTORIES: [&str; 14] = [
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

/// The names of the programs in the distributions.
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

/// The names of the programs of this kind, the usual one first.
pub fn program_names(kind: ProgramKind) -> impl Iterator<Item = &'static str> {
    let of_kind = NAMES.iter().filter(move |(_, other)| *other == kind);
    of_kind.map(|(name, _)| *name)
}

/// What a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgramKind {
    /// Starts containers and makes their cgroups.
    Runc,
    /// Makes the cgroups of pods.
    Kubelet,
    /// Starts containers through runc.
    Docker,
}

/// What a program does about kernel-memory accounting on a node of Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgramAccounting {
    /// Turns it on for every container.
    On,
    /// Never turns it on by itself: Kubernetes does not ask for it.
    Off,
    /// Could not be determined.
    Unknown,
}

/// An installed program.
#[derive(Debug)]
pub struct Program {
    /// What it is, by its name.
    pub kind: ProgramKind,
    /// Its path, with links resolved.
    pub path: PathBuf,
    /// What `verify` finds in it.
    pub findings: Result<Findings, VerifyError>,
    /// The result of running it with `--version`; `None` if it is not a program.
    pub version: Option<VersionRun>,
}

/// Finds the programs in `folders`, and the container runtimes at the paths `runtimes`, whatever they are called, and
/// inspects each one once, even if several links lead to it. Runs programs with
/// `--version`, as `verify` does, but as root only those that only root could have installed. Blocks until all have
/// ended or `is_cancelled` returns true; a running program is killed then.
pub fn find_programs(
    folders: &[PathBuf],
    runtimes: &[PathBuf],
    is_cancelled: &dyn Fn() -> bool,
) -> Vec<Program> {
    let mut found = BTreeMap::new();
    let named = folders
        .iter()
        .flat_map(|folder| NAMES.map(|(name, kind)| (folder.join(name), kind)));
    let runtimes = runtimes.iter();
    let runtimes = runtimes.map(|path| (path.clone(), ProgramKind::Runc));
    for (path, kind) in named.chain(runtimes) {
        // A dangling link is not an installed program.
        if let Ok(path) = fs::canonicalize(path)
            && path.is_file()
        {
            found.entry(path).or_insert(kind);
        }
    }
    let mut programs: Vec<_> = found
        .into_iter()
        .take_while(|_| !is_cancelled())
        .map(|(path, kind)| look_into(kind, path, is_cancelled))
        .collect();
    programs.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
    programs
}

fn look_into(kind: ProgramKind, path: PathBuf, is_cancelled: &dyn Fn() -> bool) -> Program {
    let findings = Findings::of(&path, is_cancelled);
    let is_program = matches!(&findings, Ok(findings) if findings.format.is_program());
    let version = is_program.then(|| version_of(&path, is_cancelled));
    Program {
        kind,
        path,
        findings,
        version,
    }
}

/// Stricter than [`VersionRun::of`]: an installed program that anybody but root could replace is no business of root's.
fn version_of(path: &Path, is_cancelled: &dyn Fn() -> bool) -> VersionRun {
    if rustix::process::geteuid().is_root() && others_may_replace(path) {
        return VersionRun::NotRun {
            reason: "users other than root can replace it".to_owned(),
        };
    }
    let arguments = ["--version".to_owned()];
    VersionRun::of(path, &arguments, VERSION_TIMEOUT, is_cancelled)
}

/// Whether a user other than root could have put the program there. `path` has no links.
fn others_may_replace(path: &Path) -> bool {
    path.ancestors().any(|part| match fs::metadata(part) {
        Ok(part) => part.uid() != 0 || part.mode() & 0o022 != 0,
        Err(_) => true,
    })
}

impl Program {
    /// What it does about accounting.
    pub fn accounting(&self) -> ProgramAccounting {
        let Ok(findings) = &self.findings else {
            return ProgramAccounting::Unknown;
        };
        match findings.kmem.verdict {
            KmemVerdict::On => ProgramAccounting::On,
            // It starts a separate runc, and may be a script.
            _ if self.kind == ProgramKind::Docker => ProgramAccounting::Off,
            _ if !findings.format.is_program() => ProgramAccounting::Unknown,
            // The builds that could replace what acts on request are not needed for that reason.
            KmemVerdict::Off
            | KmemVerdict::OffSilent
            | KmemVerdict::Ignored
            | KmemVerdict::OnRequest => ProgramAccounting::Off,
            KmemVerdict::Unknown => ProgramAccounting::Unknown,
        }
    }

    /// The first line of its version text.
    pub fn version_line(&self) -> Option<&str> {
        match &self.version {
            Some(VersionRun::Ran { output, .. }) => {
                output.lines().map(str::trim).find(|line| !line.is_empty())
            }
            _ => None,
        }
    }
}
