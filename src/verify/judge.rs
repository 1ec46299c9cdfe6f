//! Holding findings against expectations.

use super::check::Check;
use super::expectations::Expectations;
use super::findings::Findings;
use super::version::VersionRun;
use super::{architecture, format, glibc, kmem, linkage, version};

/// Holds what was found against what was expected: the format always, the rest where something is expected.
///
/// `version` is what came of running the binary, none when nobody tried.
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
