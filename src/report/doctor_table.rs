//! The table of the doctor.

use super::layout::{lay_out, new_table};
use crate::host::doctor::{Half, Level, Line};

/// A table with a row for each line; each question is above its lines.
pub fn doctor_table(lines: &[Line], terminal: bool) -> String {
    let mut table = new_table(terminal);
    table.set_header(["check", "result", "found", "what to do"]);
    let mut half = None;
    for line in lines {
        if half != Some(line.half) {
            half = Some(line.half);
            let question = match line.half {
                Half::Build => "Can it build?",
                Half::Leak => "Does it leak?",
            };
            table.add_row([question, "", "", ""]);
        }
        let level = match line.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        let check = line.check.replace('-', " ");
        let check = match &line.subject {
            Some(subject) => format!("{check}\n{subject}"),
            None => check,
        };
        let remedy = line.remedy.as_deref().unwrap_or_default();
        table.add_row([&check, level, &line.found, remedy]);
    }
    format!("{}\n", lay_out(table, 2))
}
