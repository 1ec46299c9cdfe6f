//! One line of what the doctor says.

use serde::Serialize;

/// One thing that was looked at, and what is to be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Line {
    /// Which question it belongs to.
    pub half: Half,
    /// What was looked at, e.g. `kernel`.
    pub check: &'static str,
    /// Which one of several it is: a file, a place. None where there is only one.
    pub subject: Option<String>,
    /// How it is.
    pub level: Level,
    /// What was found, in words.
    pub found: String,
    /// What to do about it; none where all is well.
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

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It may do, or only some of what the tool does is hindered by it.
    Warn,
    /// It does not do.
    Fail,
}

impl Line {
    /// A line without a subject and without anything to do.
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

    /// The line about one of several.
    #[must_use]
    pub fn of(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The line with what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}
