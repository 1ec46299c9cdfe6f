//! What the pages have in common.

/// The page `template` with the texts in their places, which it has in this order. What is in a text is not taken for a
/// place.
pub(super) fn filled(template: &str, texts: &[(&str, &str)]) -> String {
    let mut page = String::new();
    let mut rest = template;
    for (place, text) in texts {
        if let Some((before, after)) = rest.split_once(place) {
            page += before;
            page += text;
            rest = after;
        }
    }
    page + rest
}
