//! What to do without a memory hierarchy.

use crate::failure::{Failure, FailureKind};
use crate::host::kmem::HierarchyError;

/// The failure without a memory hierarchy.
pub(in crate::cli::commands) fn no_hierarchy(error: HierarchyError) -> Failure {
    let hint = hierarchy_hint(&error);
    let failure = Failure::new(FailureKind::CannotTell, error);
    hint.into_iter().fold(failure, Failure::hint)
}

/// What to do without a memory hierarchy; `None` if the message says it.
pub(super) fn hierarchy_hint(error: &HierarchyError) -> Option<&'static str> {
    match error {
        HierarchyError::Mounts { .. } | HierarchyError::None => {
            Some("if the memory hierarchy is mounted elsewhere, use --root")
        }
        HierarchyError::Unified { .. }
        | HierarchyError::NoCgroup { .. }
        | HierarchyError::Root { .. } => None,
    }
}
