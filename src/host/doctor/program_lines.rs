//! Do the installed programs turn accounting on, and does that leak on this host?

use std::io;

use super::line::{Half, Level, Line};
use super::node::Node;
use super::programs::{Program, ProgramAccounting, ProgramKind};
use crate::host::CgroupMounts;
use crate::host::kernel::{Kernel, has_no_kmem};
use crate::verify::{
    CheckName, Expectations, Findings, KmemExpectation, KmemVerdict, VerifyError, VersionRun,
    judge as judge_findings,
};

/// Longest version text in a line, in characters.
const VERSION_WIDTH: usize = 60;

/// Whether this host leaks when accounting is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaks {
    /// It does.
    Yes,
    /// It may.
    Perhaps,
    /// It does not, for this reason.
    No(&'static str),
}

impl Leaks {
    /// Judges by the kernel, its command line and the cgroup version.
    pub fn on(node: &Node) -> Self {
        // What could not be read is assumed to be the worse case.
        let mounts = node.mounts.as_deref().map(CgroupMounts::of);
        if mounts.is_ok_and(|mounts| mounts.is_unified_only()) {
            return Self::No("this host uses cgroup version 2");
        }
        let nokmem = node.command_line.as_deref().is_ok_and(has_no_kmem);
        let kernel = node.kernel.as_deref();
        match kernel.map_or(Kernel::Unclear, Kernel::of) {
            Kernel::NotAffected => Self::No("this kernel does not leak"),
            Kernel::Affected if !nokmem => Self::Yes,
            // An old kernel may ignore the option.
            Kernel::Affected | Kernel::Unclear => Self::Perhaps,
        }
    }
}

/// A line for each program, and one for each kind that is not installed.
pub fn judge_programs(programs: &[Program], leaks: Leaks) -> Vec<Line> {
    let mut lines = Vec::new();
    for (kind, check) in [
        (ProgramKind::Runc, "runc"),
        (ProgramKind::Kubelet, "kubelet"),
        (ProgramKind::Docker, "docker"),
    ] {
        let before = lines.len();
        let of_kind = programs.iter().filter(|program| program.kind == kind);
        lines.extend(of_kind.map(|program| judge_program(program, check, leaks)));
        if lines.len() == before {
            lines.push(Line::new(Half::Leak, check, Level::Ok, "not installed"));
        }
    }
    lines
}

fn judge_program(program: &Program, check: &'static str, leaks: Leaks) -> Line {
    let line = |level, found: String| {
        let line = Line::new(Half::Leak, check, level, found);
        line.of(program.path.display().to_string())
    };
    let findings = match &program.findings {
        Ok(findings) => findings,
        Err(error) => {
            return line(Level::Warn, crate::failure::with_causes(error))
                .remedy(remedy(error, program));
        }
    };
    let version: String = match (program.version_line(), &program.version) {
        (Some(version), _) => version
            .chars()
            .filter(|c| !c.is_control())
            .take(VERSION_WIDTH)
            .chain("; ".chars())
            .collect(),
        (None, Some(VersionRun::NotRun { reason })) => format!("not run: {reason}; "),
        (None, _) => String::new(),
    };
    if program.kind == ProgramKind::Docker && findings.kmem.verdict != KmemVerdict::On {
        let found = "uses a separate runc; see the lines about runc";
        return line(Level::Ok, format!("{version}{found}"));
    }
    let found = format!("{version}{}", accounting(findings));
    if program.accounting() == ProgramAccounting::Off {
        return line(Level::Ok, found);
    }
    let is_on = program.accounting() == ProgramAccounting::On;
    match leaks {
        Leaks::No(reason) => line(Level::Ok, format!("{found} ({reason})")),
        Leaks::Yes if is_on => line(Level::Fail, found).remedy(replace(program)),
        Leaks::Yes | Leaks::Perhaps if is_on => line(Level::Warn, found).remedy(replace(program)),
        Leaks::Yes | Leaks::Perhaps => line(Level::Warn, found).remedy(format!(
            "use `kmembuild verify {}` to see what it is",
            program.path.display()
        )),
    }
}

/// What to do about a file that could not be read.
fn remedy(error: &VerifyError, program: &Program) -> String {
    match error {
        VerifyError::Open { source, .. } | VerifyError::Read { source, .. }
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            "run `kmembuild doctor` as root".to_owned()
        }
        VerifyError::Changed { .. } => {
            "run `kmembuild doctor` again when the file is complete".to_owned()
        }
        VerifyError::Open { .. }
        | VerifyError::Read { .. }
        | VerifyError::NotARegularFile { .. } => {
            format!(
                "use `ls -l {}` to see what is there",
                program.path.display()
            )
        }
    }
}

/// The result of the check of kernel-memory accounting.
fn accounting(findings: &Findings) -> String {
    if !findings.format.is_program() {
        return format!("not checked: {}", findings.format);
    }
    let expectations = Expectations {
        kmem: Some(KmemExpectation::Off),
        ..Expectations::default()
    };
    let checks = judge_findings(findings, None, &expectations);
    let check = checks.iter().find(|check| check.name == CheckName::Kmem);
    format!(
        "accounting {}",
        check.map_or("not checked", |check| check.found.as_str())
    )
}

fn replace(program: &Program) -> String {
    let recipe = match program.kind {
        ProgramKind::Kubelet => "kubelet",
        ProgramKind::Runc | ProgramKind::Docker => "runc",
    };
    format!(
        "use `kmembuild {recipe} --like {}` to build the same version without accounting; install it, then reboot",
        program.path.display()
    )
}
