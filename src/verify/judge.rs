//! Compares findings with expectations.

use super::check::Check;
use super::expectations::Expectations;
use super::findings::Findings;
use super::version::VersionRun;
use super::{architecture, format, glibc, kmem, linkage, version};

/// Compares findings with expectations: the format always, everything else if it is expected.
///
/// `version` is the result of running the binary, `None` if it was not run.
pub fn judge(
    findings: &Findings,
    version: Option<&VersionRun>,
    expectations: &Expectations,
) -> Vec<Check> {
    let mut checks = vec![format::check(findings)];
    if let Some(expected) = expectations.kmem {
        checks.push(kmem::check(findings, expected));
    }
    if let Some(expected) = expectations.static_linked {
        checks.push(linkage::check(findings, expected));
    }
    if let Some(expected) = &expectations.architecture {
        checks.push(architecture::check(findings, expected));
    }
    if let Some(floor) = expectations.glibc_floor {
        checks.push(glibc::check(findings, floor));
    }
    if let Some(expected) = &expectations.version {
        checks.push(version::check(version, expected));
    }
    checks
}
