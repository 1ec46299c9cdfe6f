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
    /// The recipes that cannot be built with their default options because of it. Where it is a failure about building and
    /// names none, that is so for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stops: Vec<String>,
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
            stops: Vec::new(),
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

    /// The same line, with the recipes that cannot be built because of it.
    #[must_use]
    pub fn stops<'a>(mut self, recipes: impl IntoIterator<Item = &'a str>) -> Self {
        self.stops = recipes.into_iter().map(str::to_owned).collect();
        self.stops.sort();
        self.stops.dedup();
        self
    }
}
