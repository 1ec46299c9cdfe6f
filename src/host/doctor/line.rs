//! One line of the doctor's report.

use serde::Serialize;

/// One check, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Line {
    /// The question that it belongs to.
    pub half: Half,
    /// What was checked, e.g. `kernel`.
    pub check: &'static str,
    /// Which one of several: a file, a place. `None` if there is only one.
    pub subject: Option<String>,
    /// The result.
    pub level: Level,
    /// What was found.
    pub found: String,
    /// What to do about it; `None` if nothing has to be done.
    pub remedy: Option<String>,
}

/// A question that the doctor answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Half {
    /// Can this host build?
    Build,
    /// Does this host leak memory cgroups?
    Leak,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Good.
    Ok,
    /// It may be good enough, or limits only some uses of the tool.
    Warn,
    /// Not good enough.
    Fail,
}

impl Line {
    /// A line without a subject and a remedy.
    pub fn new(half: Half, check: &'static str, level: Level, found: impl Into<String>) -> Self {
        Self {
            half,
            check,
            subject: None,
            level,
            found: found.into(),
            remedy: None,
        }
    }

    /// The same line, about one of several.
    #[must_use]
    pub fn of(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The same line, with what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}
