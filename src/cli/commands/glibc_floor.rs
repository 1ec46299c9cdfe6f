//! The C library that a binary must start with.

use std::path::Path;

use crate::artifacts::{MANIFEST, PLAN, read_plan};
use crate::verify::{Check, CheckName, Findings, GlibcVersion, MachineGlibc};

/// The oldest glibc that a binary must start with, and where that is from.
pub(super) enum GlibcFloor {
    /// Named on the command line, or that of the oldest nodes.
    Named(GlibcVersion),
    /// By the plan of the result that the binary belongs to, which may ask for none.
    Planned(Option<GlibcVersion>),
    /// That of this machine, whose own program it is taken for.
    OfMachine(MachineGlibc),
}

impl GlibcFloor {
    /// The floor of the file at `path`, unless one is `named`.
    pub(super) fn of(path: &Path, findings: &Findings, named: Option<GlibcVersion>) -> Self {
        if let Some(named) = named {
            return Self::Named(named);
        }
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        if directory.join(MANIFEST).exists() && directory.join(PLAN).exists() {
            return Self::planned(directory, &findings.name);
        }
        let architecture = findings.architecture.as_deref();
        let own = architecture.and_then(|name| MachineGlibc::find(Path::new("/"), name));
        own.map_or(Self::Named(GlibcVersion::CENTOS_7), Self::OfMachine)
    }

    /// By the plan in the directory of a result. What has none that can be read, or does not name the file, is held to the
    /// oldest nodes.
    fn planned(directory: &Path, name: &str) -> Self {
        let plan = read_plan(directory).ok();
        let output = plan.and_then(|plan| {
            let mut outputs = plan.outputs.into_iter();
            outputs.find(|output| output.name == name)
        });
        match output {
            Some(output) => Self::Planned(output.expectations.glibc_floor),
            None => Self::Named(GlibcVersion::CENTOS_7),
        }
    }

    /// The version; `None` if none is required.
    pub(super) fn version(&self) -> Option<GlibcVersion> {
        match self {
            Self::Named(version) => Some(*version),
            Self::Planned(version) => *version,
            Self::OfMachine(library) => Some(library.version),
        }
    }

    /// Says in the check of the C library where the version is from.
    pub(super) fn explain(&self, checks: &mut [Check]) {
        let of = match self {
            Self::Named(_) => return,
            Self::Planned(_) => ", as its plan requires".to_owned(),
            Self::OfMachine(library) => {
                format!(", that of this machine ({})", library.path.display())
            }
        };
        let checks = checks.iter_mut();
        for check in checks.filter(|check| check.name == CheckName::Glibc) {
            check.expected.push_str(&of);
        }
    }
}
