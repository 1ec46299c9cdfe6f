//! How a run fails: the exit codes, and the only place where errors are formatted.

use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use crate::harmless::harmless;

/// The exit codes with their meanings, in Markdown: for help, manual and documentation.
pub const EXIT_CODES: [(u8, &str); 16] = [
    (0, "success"),
    (
        1,
        "internal error; `doctor`: a line fails; `node`: nearly full",
    ),
    (2, "wrong usage"),
    (
        3,
        "`node`, `fleet`: leaks; `kmem status`: a program turned accounting on",
    ),
    (4, "`node`, `fleet`, `kmem`: unknown"),
    (5, "`verify`: a file to check is missing or cannot be read"),
    (6, "`node`, `fleet`: cured, but a reboot is needed"),
    (10, "recipe or release file invalid"),
    (11, "cannot plan; `verify --run`: cannot be shown here"),
    (12, "engine, image or registry unavailable"),
    (13, "source or patch failed"),
    (14, "build step failed"),
    (15, "output missing, or cannot be stored"),
    (16, "verification failed"),
    (
        17,
        "integrity: a commit, digest, toolchain or result differs",
    ),
    (130, "interrupted"),
];

/// The kinds of failure, each with its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// A defect in this program.
    Internal,
    /// The host does not meet the requirements.
    Unfit,
    /// The command line or the configuration is not valid.
    Usage,
    /// Kernel-memory accounting is on on this machine.
    AccountingOn,
    /// It could not be determined whether kernel-memory accounting is on on this machine, or whether the remedy works.
    CannotTell,
    /// What is to be checked does not exist or cannot be read.
    NotFound,
    /// Nothing turns kernel-memory accounting on any more, but a node has to be rebooted.
    RebootNeeded,
    /// A recipe or release file is not valid.
    Recipe,
    /// No plan can be made, or the version does not need to be built.
    Plan,
    /// The engine, an image or a registry is not available.
    Engine,
    /// The source is not available, or a patch does not apply.
    Source,
    /// A build step failed.
    Step,
    /// An output is missing or could not be stored.
    Output,
    /// A check of an output failed.
    Verification,
    /// A commit or digest does not match the expected one.
    Integrity,
    /// The user stopped the run.
    Interrupted,
}

impl FailureKind {
    const ALL: [Self; 16] = [
        Self::Internal,
        Self::Unfit,
        Self::Usage,
        Self::AccountingOn,
        Self::CannotTell,
        Self::NotFound,
        Self::RebootNeeded,
        Self::Recipe,
        Self::Plan,
        Self::Engine,
        Self::Source,
        Self::Step,
        Self::Output,
        Self::Verification,
        Self::Integrity,
        Self::Interrupted,
    ];

    /// The exit code, which is part of the command's interface.
    pub fn exit_code(self) -> u8 {
        match self {
            FailureKind::Internal | FailureKind::Unfit => 1,
            FailureKind::Usage => 2,
            FailureKind::AccountingOn => 3,
            FailureKind::CannotTell => 4,
            FailureKind::NotFound => 5,
            FailureKind::RebootNeeded => 6,
            FailureKind::Recipe => 10,
            FailureKind::Plan => 11,
            FailureKind::Engine => 12,
            FailureKind::Source => 13,
            FailureKind::Step => 14,
            FailureKind::Output => 15,
            FailureKind::Verification => 16,
            FailureKind::Integrity => 17,
            FailureKind::Interrupted => 130,
        }
    }

    /// The kind that has this exit code; of those that share one, the first.
    pub fn of_exit_code(code: u8) -> Option<Self> {
        let mut kinds = Self::ALL.into_iter();
        kinds.find(|kind| kind.exit_code() == code)
    }
}

/// A failed run: its kind, the error, and advice.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The kind, which determines the exit code.
    pub kind: FailureKind,
    /// The error.
    pub message: String,
    /// Its causes, outermost first.
    pub causes: Vec<String>,
    /// Advice for the user, one sentence each.
    pub hints: Vec<String>,
}

/// A failure as documents have it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FailureDocument<'a> {
    exit_code: u8,
    message: &'a str,
    causes: &'a [String],
    hints: &'a [String],
}

impl Failure {
    /// A failure without hints: a text, or an error with its causes.
    pub fn new(kind: FailureKind, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::of(kind, error.into().as_ref())
    }

    /// The failure of an error, without hints.
    pub fn of(kind: FailureKind, error: &dyn Error) -> Self {
        Self {
            kind,
            message: error.to_string(),
            causes: causes(error),
            hints: Vec::new(),
        }
    }

    /// The failure with one hint more.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The failure in the form that JSON documents have.
    pub fn document(&self) -> FailureDocument<'_> {
        FailureDocument {
            exit_code: self.kind.exit_code(),
            message: &self.message,
            causes: &self.causes,
            hints: &self.hints,
        }
    }

    /// The text for people: `error:`, `caused by:`, `hint:`.
    pub fn render(&self) -> String {
        let mut text = format!("error: {}\n", self.message);
        for cause in &self.causes {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "caused by: {cause}");
        }
        for hint in &self.hints {
            let _ = writeln!(text, "hint: {hint}");
        }
        harmless(&text).into_owned()
    }

    /// The message and its causes in one line.
    pub fn line(&self) -> String {
        let causes = self.causes.iter();
        let causes: String = causes.map(|cause| format!(": {cause}")).collect();
        format!("{}{causes}", self.message)
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind.exit_code())
    }
}

/// The causes of an error, outermost first.
fn causes(error: &dyn Error) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Some libraries report the same message on two levels.
        if causes.last() != Some(&text) {
            causes.push(text);
        }
        cause = error.source();
    }
    causes
}

/// Lines below the first one of a message, each indented.
pub fn indented(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n  {line}")).collect()
}

/// An error and its causes in one line, for lists and for warnings.
pub fn with_causes(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    texts.extend(causes(error));
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::{EXIT_CODES, FailureKind};

    #[test]
    fn every_kind_has_an_exit_code_with_a_meaning() {
        use FailureKind as Kind;
        let kinds = [
            Kind::Internal,
            Kind::Unfit,
            Kind::Usage,
            Kind::AccountingOn,
            Kind::CannotTell,
            Kind::NotFound,
            Kind::RebootNeeded,
            Kind::Recipe,
            Kind::Plan,
            Kind::Engine,
            Kind::Source,
            Kind::Step,
            Kind::Output,
            Kind::Verification,
            Kind::Integrity,
            Kind::Interrupted,
        ];
        let mut codes: Vec<_> = kinds.map(FailureKind::exit_code).to_vec();
        codes.push(0);
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes, EXIT_CODES.map(|(code, _)| code));
    }
}
