//! What GitHub Actions shows beside the log: annotations.
//!
//! The form is that of its documentation, "Workflow commands for GitHub Actions".

use super::output::tell_exactly;
use crate::failure::Failure;
use crate::harmless::harmless;

/// Writes an annotation for a failed target.
pub(super) fn annotate(label: &str, failure: &Failure) {
    tell_exactly(&annotation(label, &failure.line()));
}

fn annotation(label: &str, message: &str) -> String {
    let escape = |text: &str| {
        harmless(text)
            .replace('%', "%25")
            .replace('\r', "%0D")
            .replace('\n', "%0A")
    };
    let title = escape(label).replace(':', "%3A").replace(',', "%2C");
    format!("::error title=kmembuild {title}::{}", escape(message))
}

#[cfg(test)]
mod tests {
    use super::annotation;

    #[test]
    fn what_would_end_the_annotation_is_escaped() {
        assert_eq!(
            annotation("runc/v1:2,3", "100 % of\nit"),
            "::error title=kmembuild runc/v1%3A2%2C3::100 %25 of%0Ait"
        );
    }
}
