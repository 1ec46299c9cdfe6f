//! The only file that uses the YAML library.

use serde::de::DeserializeOwned;
use serde_saphyr::{Error, Location};

use super::advisories::{ADVISORIES_FORMAT, Advisories};
use super::check::check;
use super::error::{Document, RecipeError};
use super::nearest::nearest;
use super::schema::Recipe;

/// Reads a recipe and checks it as a whole. `file` is its name for messages, `patches` are the files in the `patches`
/// directory next to it.
///
/// # Errors
/// [`RecipeError::Invalid`] with place, reason and snippet.
pub fn parse_recipe(file: &str, text: &str, patches: &[String]) -> Result<Recipe, RecipeError> {
    let recipe: Recipe = parse_yaml(file, text)?;
    check(file, text, &recipe, patches)?;
    Ok(recipe)
}

/// Reads a file of known holes; `file` is its name for messages.
///
/// # Errors
/// [`RecipeError::Invalid`] with place, reason and snippet.
pub fn parse_advisories(file: &str, text: &str) -> Result<Advisories, RecipeError> {
    let advisories: Advisories = parse_yaml(file, text)?;
    if advisories.format != ADVISORIES_FORMAT {
        let message = format!(
            "format {} is not supported; this version of kmembuild reads format {ADVISORIES_FORMAT}",
            advisories.format
        );
        return Err(Document { file, text }.refuse_whole(message));
    }
    Ok(advisories)
}

/// Reads a YAML document of one type. Unknown fields, duplicate keys and wrong types are refused.
///
/// # Errors
/// [`RecipeError::Invalid`] with place, reason and snippet.
pub fn parse_yaml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, RecipeError> {
    serde_saphyr::from_str(text).map_err(|error| {
        let location = error.location().unwrap_or(Location::UNKNOWN);
        let (message, suggestion) = describe(error.without_snippet());
        Document { file, text }.diagnose(location, message, suggestion)
    })
}

/// Words of the recipe format that have been replaced, each with the word that is used now.
const REPLACED: [(&str, &str); 3] = [
    ("folder", "directory"),
    ("heirs", "moved-registries"),
    ("bridge", "open"),
];

/// The message for a word that is none of the allowed words, and what it was probably meant to be.
fn unknown(word: &str, allowed: &[&str], message: &str) -> (String, Option<String>) {
    let mut replaced = REPLACED.iter();
    match replaced.find(|(old, new)| *old == word && allowed.contains(new)) {
        Some((old, new)) => {
            let message = format!("`{old}` is no longer supported; use `{new}`");
            (message, None)
        }
        None => (
            format!("{message} {}", allowed.join(", ")),
            nearest(word, allowed.iter().copied()),
        ),
    }
}

fn describe(error: &Error) -> (String, Option<String>) {
    match error {
        Error::SerdeUnknownField {
            field, expected, ..
        } => {
            let message = format!("unknown field `{field}`; the fields allowed here are");
            unknown(field, expected, &message)
        }
        Error::SerdeUnknownVariant {
            variant, expected, ..
        } => {
            let message = format!("unknown choice `{variant}`; use one of");
            unknown(variant, expected, &message)
        }
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("?");
            (format!("the field `{key}` appears twice; remove one"), None)
        }
        // The place is that of the last field that is there.
        Error::SerdeMissingField { field, .. } => (
            format!("the field `{field}` is missing next to this one"),
            None,
        ),
        Error::Eof { .. } => ("the file is empty or incomplete".to_owned(), None),
        Error::AliasError { error, .. } => describe(error.without_snippet()),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => (
            "the file is too large once its YAML aliases are expanded".to_owned(),
            None,
        ),
        Error::MultipleDocuments { .. } => (
            "a second YAML document begins here; only one is allowed".to_owned(),
            None,
        ),
        Error::Unexpected { expected, .. } => (
            match *expected {
                "mapping start" => "expected fields here, written like `name: value`",
                "sequence start" => {
                    "expected a list here, written like [a, b] or in lines that begin with `- `"
                }
                "string scalar" => {
                    "expected a text here; put it in quotes if it begins with [ or {"
                }
                other => return (format!("expected {other} here"), None),
            }
            .to_owned(),
            None,
        ),
        Error::InvalidScalar { ty: "u32", .. } => {
            ("expected a number without a sign here".to_owned(), None)
        }
        Error::InvalidScalar { ty: "boolean", .. } => {
            ("expected true or false here".to_owned(), None)
        }
        Error::ExpectedMappingEndAfterEnumVariantValue { .. } => (
            "only one choice is allowed here, and there is another one above".to_owned(),
            None,
        ),
        other => {
            // The library ends its message with the place, which is printed in front of it here.
            let text = other.to_string();
            (
                text.split(" at line ").next().unwrap_or(&text).to_owned(),
                None,
            )
        }
    }
}

/// The JSON schema of recipe files.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(Recipe).to_value()
}

/// `value` as YAML, for people to read.
///
/// # Errors
/// The library's sentence when the value has no form in YAML.
pub fn to_yaml<T: serde::Serialize>(value: &T) -> Result<String, String> {
    serde_saphyr::to_string(value).map_err(|error| error.to_string())
}
