//! Do the installed programs turn accounting on, and does that leak here?

use std::io;

use super::kernel::{Kernel, has_no_kmem};
use super::line::{Half, Level, Line};
use super::node::Node;
use super::programs::{Program, ProgramKind};
use crate::host::CgroupMounts;
use crate::verify::{
    CheckName, Expectations, Findings, KmemExpectation, KmemVerdict, VerifyError, VersionRun,
    judge as judge_findings,
};

/// Longest version text of a line, in characters.
const VERSION_WIDTH: usize = 60;

/// Whether accounting that is turned on leaks on this host.
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
    /// Judges by the kernel, its command line and the cgroups.
    pub fn on(node: &Node) -> Self {
        // Of what could not be read the worse is assumed.
        let mounts = node.mounts.as_deref().map(CgroupMounts::of);
        if mounts.is_ok_and(|mounts| mounts.is_unified_only()) {
            return Self::No("the cgroups are of version 2");
        }
        let nokmem = node.command_line.as_deref().is_ok_and(has_no_kmem);
        let kernel = node.kernel.as_deref();
        match kernel.map_or(Kernel::Unclear, Kernel::of) {
            Kernel::NotAffected => Self::No("this kernel does not leak by it"),
            Kernel::Affected if !nokmem => Self::Yes,
            // An old kernel may not know the word.
            Kernel::Affected | Kernel::Unclear => Self::Perhaps,
        }
    }
}

/// A line for each program, and one for each kind of which there is none.
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
            lines.push(Line::new(Half::Leak, check, Level::Ok, "none is installed"));
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
        let found = "what counts is the runc that it starts";
        return line(Level::Ok, format!("{version}{found}"));
    }
    let found = format!("{version}{}", accounting(findings));
    let is_quiet = findings.format.is_program()
        && matches!(
            findings.kmem.verdict,
            KmemVerdict::Off | KmemVerdict::OffSilent | KmemVerdict::Ignored
        );
    if is_quiet {
        return line(Level::Ok, found);
    }
    let is_on = findings.kmem.verdict == KmemVerdict::On;
    match leaks {
        Leaks::No(reason) => line(Level::Ok, format!("{found} ({reason})")),
        Leaks::Yes if is_on => line(Level::Fail, found).remedy(replace(program)),
        Leaks::Yes | Leaks::Perhaps if is_on => line(Level::Warn, found).remedy(replace(program)),
        Leaks::Yes | Leaks::Perhaps => line(Level::Warn, found).remedy(format!(
            "see what it is: `kmembuild verify {}`",
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
            "run the doctor as root".to_owned()
        }
        VerifyError::Changed { .. } => "run the doctor again when it is in place".to_owned(),
        VerifyError::Open { .. }
        | VerifyError::Read { .. }
        | VerifyError::NotARegularFile { .. } => {
            format!("see what is there: `ls -l {}`", program.path.display())
        }
    }
}

/// What the check of kernel-memory accounting says.
fn accounting(findings: &Findings) -> String {
    if !findings.format.is_program() {
        return format!("not judged: {}", findings.format);
    }
    let expectations = Expectations {
        kmem: Some(KmemExpectation::Off),
        ..Expectations::default()
    };
    let checks = judge_findings(findings, None, &expectations);
    let check = checks.iter().find(|check| check.name == CheckName::Kmem);
    format!(
        "accounting {}",
        check.map_or("not judged", |check| check.found.as_str())
    )
}

fn replace(program: &Program) -> String {
    let recipe = match program.kind {
        ProgramKind::Kubelet => "kubelet",
        ProgramKind::Runc | ProgramKind::Docker => "runc",
    };
    format!(
        "`kmembuild {recipe} --like {}` builds the same version without it; install that, then reboot",
        program.path.display()
    )
}
