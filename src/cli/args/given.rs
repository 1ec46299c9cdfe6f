//! Values that must not be empty.

/// Refuses an empty text, which usually comes from an unset variable in a script.
pub(super) fn given() -> clap::builder::NonEmptyStringValueParser {
    clap::builder::NonEmptyStringValueParser::new()
}
