//! `Godeps/Godeps.json`, written by godep.

use serde::Deserialize;

use super::super::component::{Component, ComponentKind};
use super::super::error::VendoredError;

#[derive(Deserialize)]
struct Godeps {
    #[serde(rename = "Deps")]
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    #[serde(rename = "ImportPath")]
    import_path: Word,
    /// The output of `git describe` for the commit.
    #[serde(rename = "Comment", default)]
    comment: Option<String>,
    #[serde(rename = "Rev")]
    revision: Word,
}

/// A text that is refused while reading if it is not a single word, so that the error has the line.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Word(String);

impl TryFrom<String> for Word {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() || text.contains(char::is_whitespace) {
            return Err(format!("{text:?} is neither an import path nor a revision"));
        }
        Ok(Self(text))
    }
}

/// The packages, each with the version of its repository: the tag if the commit has one, otherwise the commit.
///
/// # Errors
/// [`VendoredError`] with the line of the invalid text.
pub fn godeps_json(text: &str) -> Result<Vec<Component>, VendoredError> {
    let godeps: Godeps = serde_json::from_str(text).map_err(|error| VendoredError {
        file: "Godeps/Godeps.json",
        line: error.line(),
        problem: error.to_string(),
    })?;
    Ok(godeps.dependencies.into_iter().map(component).collect())
}

fn component(dependency: Dependency) -> Component {
    let commit = dependency.revision.0;
    // Commits after a tag are `v1.0-12-g1234567`.
    let tag = dependency
        .comment
        .filter(|comment| !comment.is_empty() && !comment.contains("-g"));
    Component {
        name: dependency.import_path.0,
        version: tag.unwrap_or(commit),
        source: None,
        kind: ComponentKind::GoModule,
    }
}
