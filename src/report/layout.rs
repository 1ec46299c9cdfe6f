//! The look of all tables.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
use console::Term;

use crate::verify::Outcome;

/// Width of tables in characters where no terminal has one: in a file, a pipe, the log of a CI job.
const WIDTH: u16 = 120;

/// The outcome of a check, in a word.
pub(super) fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "ok",
        Outcome::Failed => "FAILED",
        Outcome::NotRun => "not run",
    }
}

/// An empty table, as wide as the terminal when it is for one.
pub(super) fn new_table(terminal: bool) -> Table {
    let size = terminal.then(|| Term::stdout().size_checked()).flatten();
    // A terminal that does not know its size reports 0.
    let width = size.map(|(_, columns)| columns).filter(|&width| width > 0);
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width.unwrap_or(WIDTH));
    table
}
