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

#[cfg(test)]
mod tests {
    use super::godeps_json;

    #[test]
    fn reads_packages_with_their_revisions() {
        let text = r#"{
            "ImportPath": "k8s.io/kubernetes",
            "GoVersion": "go1.9",
            "Deps": [
                {"ImportPath": "github.com/a/b/c", "Comment": "v1.2.3", "Rev": "0123"},
                {"ImportPath": "github.com/a/d", "Comment": "v1.2-7-g0123456", "Rev": "4567"},
                {"ImportPath": "bitbucket.org/e/f", "Rev": "89ab"}
            ]
        }"#;
        let found = godeps_json(text).expect("a good list");
        let versions: Vec<_> = found.iter().map(|one| one.version.as_str()).collect();
        assert_eq!(versions, ["v1.2.3", "4567", "89ab"]);
        assert_eq!(found[0].name, "github.com/a/b/c");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line) in [
            ("{\n\"Deps\": [\n", 3),
            (
                "{\n\"Deps\": [\n{\"ImportPath\": \"a\",\n\"Rev\": \"\"}]}",
                4,
            ),
            ("{\n\"Deps\": [\n{\"ImportPath\": \"a\"}]}", 3),
            ("{}", 1),
        ] {
            let error = godeps_json(text).expect_err(text);
            assert!(error.line.abs_diff(line) <= 1, "{error}");
        }
    }
}
