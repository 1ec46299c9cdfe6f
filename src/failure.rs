//! How a run fails: the exit codes and the one renderer of errors.

use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

/// The kinds of failure, each with its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// A defect of this program.
    Internal,
    /// The host is not as it has to be.
    Unfit,
    /// The command line or the configuration asks for something that cannot be.
    Usage,
    /// Kernel-memory accounting is on on this machine.
    AccountingOn,
    /// Nothing tells whether kernel-memory accounting is on on this machine, or whether the cure works.
    CannotTell,
    /// A recipe or release file is refused.
    Recipe,
    /// No plan can be made, or the version needs no build.
    Plan,
    /// The engine or an image is not to be had.
    Engine,
    /// The source could not be had or a patch does not fit.
    Source,
    /// A build step failed.
    Step,
    /// An output is missing or could not be stored.
    Output,
    /// A check of an output failed.
    Verification,
    /// A commit or digest differs from the one that is pinned.
    Integrity,
    /// The user stopped the run.
    Interrupted,
}

impl FailureKind {
    /// The exit code; part of the command's interface.
    pub fn exit_code(self) -> u8 {
        match self {
            FailureKind::Internal | FailureKind::Unfit => 1,
            FailureKind::Usage => 2,
            FailureKind::AccountingOn => 3,
            FailureKind::CannotTell => 4,
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
}

/// A failed run: what kind, what happened and what to do about it.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The kind, for the exit code.
    pub kind: FailureKind,
    /// What happened.
    pub message: String,
    /// The causes, outermost first.
    pub causes: Vec<String>,
    /// What the user can do, one sentence each.
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

    /// The failure with one more hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The failure as documents have it.
    pub fn document(&self) -> FailureDocument<'_> {
        FailureDocument {
            exit_code: self.kind.exit_code(),
            message: &self.message,
            causes: &self.causes,
            hints: &self.hints,
        }
    }

    /// The text for a person: `error:`, `caused by:`, `hint:`.
    pub fn render(&self) -> String {
        let mut text = format!("error: {}\n", self.message);
        for cause in &self.causes {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "caused by: {cause}");
        }
        for hint in &self.hints {
            let _ = writeln!(text, "hint: {hint}");
        }
        // Files, servers and tools that are quoted must not send commands to the user's terminal.
        text.replace(
            |c: char| c.is_control() && c != '\n' && c != '\t',
            "\u{fffd}",
        )
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

/// The causes below an error, outermost first.
fn causes(error: &dyn Error) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Some libraries say the same thing on two levels.
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
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
