//! Compares the image's toolchain with the plan.

use super::ask::ask;
use super::error::ExecuteError;
use crate::artifacts::Toolchain;
use crate::engine::Session;
use crate::plan::PlannedToolchain;
use crate::recipe::Pattern;

/// Determines the version of the image's toolchain and refuses any other than the planned one.
pub(super) async fn check_toolchain(
    planned: &PlannedToolchain,
    image: &str,
    session: &dyn Session,
) -> Result<Toolchain, ExecuteError> {
    let command: Vec<&str> = planned.command.iter().map(String::as_str).collect();
    let unknown = |reason: String| ExecuteError::ToolchainUnknown {
        image: image.to_owned(),
        command: planned.command.clone(),
        reason,
    };
    let (exit, lines) = ask(session, &command)
        .await
        .map_err(|error| unknown(crate::failure::with_causes(&error)))?;
    let text = lines.join("\n");
    if exit.code != 0 {
        return Err(unknown(format!("exit code {}; {text}", exit.code)));
    }
    let pattern: Pattern = planned.pattern.parse().map_err(unknown)?;
    let found = pattern
        .find(&text)
        .ok_or_else(|| unknown(format!("it printed {text:?}")))?;
    accepted(planned, found).ok_or_else(|| ExecuteError::Toolchain {
        image: image.to_owned(),
        found: found.to_owned(),
        upstream: planned.version.clone(),
        allowed: planned.allowed.clone(),
    })
}

/// The toolchain of that version, if it is upstream's or one that the plan allows instead.
pub fn accepted(planned: &PlannedToolchain, version: &str) -> Option<Toolchain> {
    let allowed = if is_same(version, &planned.version) {
        None
    } else {
        let allowed = planned.allowed.as_ref();
        Some(allowed.filter(|allowed| is_or_begins(allowed, version))?)
    };
    Some(Toolchain {
        version: version.to_owned(),
        upstream: planned.version.clone(),
        allowed: allowed.cloned(),
    })
}

/// Whether both are the same version: before 1.21, Go wrote the first of a series without its zero.
fn is_same(one: &str, other: &str) -> bool {
    let whole = |version: &str| version.strip_suffix(".0").unwrap_or(version).to_owned();
    one == other || whole(one) == other || one == whole(other)
}

/// Whether `version` is `allowed` or begins with all its parts.
fn is_or_begins(allowed: &str, version: &str) -> bool {
    version
        .strip_prefix(allowed)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::{is_or_begins, is_same};

    #[test]
    fn the_first_of_a_series_has_its_zero_or_not() {
        assert!(is_same("1.15", "1.15.0"));
        assert!(is_same("1.15.0", "1.15"));
        assert!(is_same("1.15.3", "1.15.3"));
        assert!(!is_same("1.15", "1.15.1"));
        assert!(!is_same("1.1", "1.10"));
    }

    #[test]
    fn whole_parts_of_a_version_are_compared() {
        assert!(is_or_begins("1.15.15", "1.15.15"));
        assert!(is_or_begins("1.15", "1.15.15"));
        assert!(!is_or_begins("1.1", "1.15.15"));
        assert!(!is_or_begins("1.15.15", "1.15"));
        assert!(!is_or_begins("1.15.1", "1.15.15"));
    }
}
