//! The only place that knows which YAML library is used.

use serde::de::DeserializeOwned;
use serde_saphyr::Error;

use super::check::check;
use super::error::{Misfit, RecipeError};
use super::nearest::nearest;
use super::schema::Recipe;

/// Reads a recipe and checks it as a whole. `file` is its name for messages; `has_patch` tells whether a
/// patch is in the patches folder that goes with it, and `patches` lists what is there for suggestions.
///
/// # Errors
/// [`RecipeError::Invalid`] with place, reason and snippet.
pub fn parse_recipe(file: &str, text: &str, patches: &[String]) -> Result<Recipe, RecipeError> {
    let recipe: Recipe = parse_yaml(file, text)?;
    check(file, text, &recipe, patches)?;
    Ok(recipe)
}

/// Reads a YAML document of one type. Unknown fields, duplicate keys and wrong types are refused.
///
/// # Errors
/// [`RecipeError::Invalid`] with place, reason and snippet.
pub fn parse_yaml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, RecipeError> {
    serde_saphyr::from_str(text).map_err(|error| {
        let place = error
            .location()
            .map_or((0, 0), |location| (location.line(), location.column()));
        let (message, suggestion) = describe(error.without_snippet());
        RecipeError::Invalid(Box::new(Misfit::new(
            file, text, place, message, suggestion,
        )))
    })
}

fn describe(error: &Error) -> (String, Option<String>) {
    match error {
        Error::SerdeUnknownField {
            field, expected, ..
        } => (
            format!(
                "unknown field `{field}`; known here are {}",
                expected.join(", ")
            ),
            nearest(field, expected.iter().copied()),
        ),
        // Docker's word, from before recipes were for other engines as well.
        Error::SerdeUnknownVariant {
            variant, expected, ..
        } if variant == "bridge" && expected.contains(&"open") => (
            "`network: bridge` is no longer supported; use `network: open`".to_owned(),
            None,
        ),
        Error::SerdeUnknownVariant {
            variant, expected, ..
        } => (
            format!(
                "unknown choice `{variant}`; it must be one of {}",
                expected.join(", ")
            ),
            nearest(variant, expected.iter().copied()),
        ),
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("?");
            (
                format!("the field `{key}` is given twice; keep one of the two"),
                None,
            )
        }
        // The place is that of the last field that is there.
        Error::SerdeMissingField { field, .. } => (
            format!("the field `{field}` is missing beside this one"),
            None,
        ),
        Error::Eof { .. } => (
            "there is nothing in it, or it ends too early".to_owned(),
            None,
        ),
        Error::AliasError { error, .. } => describe(error.without_snippet()),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => (
            "there is more in it, with its references written out, than such a file can need"
                .to_owned(),
            None,
        ),
        Error::MultipleDocuments { .. } => (
            "a second YAML document begins here; there must be one only".to_owned(),
            None,
        ),
        Error::Unexpected { expected, .. } => (
            match *expected {
                "mapping start" => "fields are expected here, written like `name: value`",
                "sequence start" => {
                    "a list is expected here, written like [a, b] or in lines that begin with `- `"
                }
                "string scalar" => {
                    "a text is expected here; put it in quotes if it begins with [ or {"
                }
                other => return (format!("{other} is expected here"), None),
            }
            .to_owned(),
            None,
        ),
        Error::InvalidScalar { ty: "u32", .. } => {
            ("a number without a sign is expected here".to_owned(), None)
        }
        Error::InvalidScalar { ty: "boolean", .. } => {
            ("true or false is expected here".to_owned(), None)
        }
        Error::ExpectedMappingEndAfterEnumVariantValue { .. } => (
            "only one choice may be given here, and another was given above".to_owned(),
            None,
        ),
        other => {
            // The library ends its sentence with the place, which is printed in front already.
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
