//! Texts within other languages.

/// A text as a string of JSON, which is one of YAML, too: it is always between double quotes, so nothing in it is a number, a
/// truth, a time or a key.
pub(super) fn in_yaml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Texts as a list of YAML on one line.
pub(super) fn list_in_yaml<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let texts = texts.into_iter().map(|text| in_yaml(text.as_ref()));
    format!("[{}]", texts.collect::<Vec<_>>().join(", "))
}

/// A text as one word of a shell. None of those that are quoted here has a NUL, which no shell can have in a word.
pub(super) fn in_shell(text: &str) -> String {
    shlex::try_quote(text).map_or_else(|_| "''".to_owned(), Into::into)
}
