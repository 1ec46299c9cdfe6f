//! `kmembuild verify`.

use std::path::Path;

use serde::Serialize;

use super::{Invocation, print};
use crate::cli::args::{Format, VerifyArguments};
use crate::failure::{Failure, FailureKind};
use crate::plan::canonical_json;
use crate::recipe::Architecture;
use crate::report::{CheckedFile, JSON_FORMAT, check_table};
use crate::verify::{
    Expectations, KmemExpectation, VERSION_TIMEOUT, VersionExpectation, inspect, judge, run_version,
};

/// `verify --format json`.
#[derive(Serialize)]
struct Verified {
    format: u32,
    passed: bool,
    files: Vec<CheckedFile>,
}

pub(super) fn run(invocation: &Invocation<'_>, arguments: &VerifyArguments) -> Result<(), Failure> {
    invocation.refuse_format(Format::Yaml)?;
    let mut files = Vec::new();
    for path in &arguments.files {
        files.push(check(path, arguments)?);
    }
    let failed: Vec<_> = files
        .iter()
        .filter(|file| !file.passed())
        .map(|file| file.file.clone())
        .collect();
    if invocation.json() {
        print(&canonical_json(&Verified {
            format: JSON_FORMAT,
            passed: failed.is_empty(),
            files,
        }))?;
    } else {
        print(&check_table(&files, invocation.environment.output_terminal))?;
    }
    if failed.is_empty() {
        return Ok(());
    }
    let text = format!(
        "{} of {} files failed: {}",
        failed.len(),
        arguments.files.len(),
        failed.join(", ")
    );
    Err(Failure::new(FailureKind::Verification, text))
}

fn check(path: &Path, arguments: &VerifyArguments) -> Result<CheckedFile, Failure> {
    // A file that cannot be read is not proven: that is a failed verification, not another kind of failure.
    let findings = inspect(path).map_err(|error| Failure::new(FailureKind::Verification, error))?;
    let version_arguments = vec!["--version".to_owned()];
    let version =
        (!arguments.no_run).then(|| run_version(path, &version_arguments, VERSION_TIMEOUT));
    let expectations = Expectations {
        kmem: Some(KmemExpectation::Off),
        static_linked: arguments.static_linked.then_some(true),
        architecture: arguments.arch.as_ref().map(Architecture::to_string),
        glibc_floor: Some(arguments.glibc_floor),
        // Nothing is known of what it should say; that it answers is worth a line.
        version: Some(VersionExpectation {
            arguments: version_arguments,
            contains: Vec::new(),
        }),
    };
    let checks = judge(&findings, version.as_ref(), &expectations);
    Ok(CheckedFile {
        file: path.display().to_string(),
        findings,
        checks,
    })
}
