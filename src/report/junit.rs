//! A release as a test report in the XML of `JUnit`, which GitLab, Jenkins and others show beside a pipeline: each target is a test case.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::harmless::harmless;

/// A target, as a report of tests has it.
#[derive(Debug, Clone)]
pub struct ReportedTarget {
    /// Its name.
    pub name: String,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub result: ReportedResult,
}

/// What came of a target.
#[derive(Debug, Clone)]
pub enum ReportedResult {
    /// It is published; what the checks found.
    Published(String),
    /// There is no result, and that is no failure; why.
    Skipped(String),
    /// It failed.
    Failed {
        /// Why, in one line.
        message: String,
        /// The same with all that is said of it: the end of its log, and what to do.
        text: String,
    },
}

/// The report of a whole release. Its name is that of the command.
///
/// # Errors
/// The library's, if a text cannot be written as XML.
pub fn junit(
    targets: &[ReportedTarget],
    took: Duration,
) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new("kmembuild release");
    for target in targets {
        let (status, said) = match &target.result {
            ReportedResult::Published(found) => (TestCaseStatus::success(), Some(found)),
            ReportedResult::Skipped(reason) => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(harmless(reason).into_owned());
                (status, None)
            }
            ReportedResult::Failed { message, text } => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(harmless(message).into_owned());
                status.set_description(harmless(text).into_owned());
                (status, None)
            }
        };
        let mut case = TestCase::new(harmless(&target.name).into_owned(), status);
        case.set_classname("kmembuild");
        case.set_time(target.took);
        if let Some(said) = said {
            case.set_system_out(harmless(said).into_owned());
        }
        suite.add_test_case(case);
    }
    suite.set_time(took);
    let mut report = Report::new("kmembuild release");
    report.set_time(took);
    report.add_test_suite(suite);
    report.to_string()
}
