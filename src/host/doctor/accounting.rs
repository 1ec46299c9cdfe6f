//! Is accounting on in the cgroups that exist now?

use super::line::{Half, Level, Line};
use super::program_lines::Leaks;
use crate::host::kmem::{Status, Verdict};

/// The line about accounting in the cgroups, on a host that leaks by it or does not.
pub fn judge_accounting(status: &Status, leaks: Leaks) -> Line {
    let line = |level, found: String| Line::new(Half::Leak, "accounting", level, found);
    match (status.verdict, leaks) {
        (Verdict::Off | Verdict::ByKernel | Verdict::DoesNotLeak, _) => {
            line(Level::Ok, status.answer())
        }
        (Verdict::On, leaks) => {
            let found = status.answer();
            let remedy = "existing cgroups keep their accounting: replace what turned it on, then reboot; \
                          `kmembuild kmem status` names the cgroups";
            match leaks {
                Leaks::No(reason) => line(Level::Ok, format!("{found} ({reason})")),
                Leaks::Yes => line(Level::Fail, found).remedy(remedy),
                Leaks::Perhaps => line(Level::Warn, found).remedy(remedy),
            }
        }
        (Verdict::CannotTell, Leaks::No(reason)) => {
            line(Level::Ok, format!("{} ({reason})", status.answer()))
        }
        (Verdict::CannotTell, _) => {
            let problem = status.problems.first();
            let problem = problem.map(|problem| format!(": {}", problem.text));
            let found = format!("{}{}", status.answer(), problem.unwrap_or_default());
            if status.is_idle() {
                return line(Level::Ok, found);
            }
            line(Level::Warn, found).remedy("`kmembuild kmem status` tells why")
        }
    }
}
