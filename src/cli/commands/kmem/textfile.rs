//! Metrics for the textfile collector of Prometheus' node exporter.

use std::path::Path;

use crate::artifacts::replace_file;
use crate::failure::{Failure, FailureKind};

/// Refuses a file name that the collector would ignore.
pub(super) fn check_name(file: &Path) -> Result<(), Failure> {
    if file
        .extension()
        .is_some_and(|extension| extension == "prom")
    {
        return Ok(());
    }
    let text = format!(
        "{}: the textfile collector only reads files whose names end in .prom",
        file.display()
    );
    Err(Failure::new(FailureKind::Usage, text))
}

/// Replaces the file in one step, so that the collector never reads half of one.
pub(super) fn write_metrics(file: &Path, metrics: &str) -> Result<(), Failure> {
    replace_file(file, metrics.as_bytes(), 0o644).map_err(|error| {
        let text = format!("could not write the metrics to {}: {error}", file.display());
        Failure::new(FailureKind::Output, text)
    })
}
