//! Values that must not be empty.

/// Refuses an empty text, which usually comes from an unset variable in a script.
pub(super) fn non_empty() -> clap::builder::NonEmptyStringValueParser {
    clap::builder::NonEmptyStringValueParser::new()
}
