//! The state of a machine's cgroups now.

use std::path::Path;

use super::error::HierarchyError;
use super::find::find_hierarchy;
use super::found::Detail;
use super::status::Status;
use super::system::System;
use super::walk::walk;

/// Walks the hierarchy at `root`, or the mounted one. Where there is none, the status says why, and the error is returned
/// as well.
pub fn look(root: Option<&Path>, detail: Detail) -> (Status, Option<HierarchyError>) {
    let system = System::read();
    let walked =
        find_hierarchy(root).and_then(|hierarchy| walk(&hierarchy, system.clone(), detail));
    match walked {
        Ok(status) => (status, None),
        Err(error) => (Status::without_hierarchy(system, &error), Some(error)),
    }
}
