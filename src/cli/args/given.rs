//! Values that must not be empty.

/// Refuses an empty text: it comes from a variable of a script that is not set.
pub(super) fn given() -> clap::builder::NonEmptyStringValueParser {
    clap::builder::NonEmptyStringValueParser::new()
}
