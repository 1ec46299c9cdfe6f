//! What GitHub Actions shows beside the log: annotations.
//!
//! The format is described in its documentation, "Workflow commands for GitHub Actions".

use super::output::tell;
use crate::events::Event;

/// Writes an annotation when a target failed.
pub(super) fn annotate(target: Option<&str>, event: &Event) {
    if let (
        Some(target),
        Event::TargetFailed {
            message, causes, ..
        },
    ) = (target, event)
    {
        let causes: String = causes.iter().map(|cause| format!(": {cause}")).collect();
        tell(&annotation(target, &format!("{message}{causes}")));
    }
}

fn annotation(target: &str, message: &str) -> String {
    let escape = |text: &str| {
        text.replace('%', "%25")
            .replace('\r', "%0D")
            .replace('\n', "%0A")
    };
    let title = escape(target).replace(':', "%3A").replace(',', "%2C");
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
