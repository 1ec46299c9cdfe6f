//! The look of all tables.

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table};
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

/// How many characters fit into a line: those of the terminal, when it is for one.
pub(super) fn width(terminal: bool) -> u16 {
    let size = terminal.then(|| Term::stdout().size_checked()).flatten();
    // A terminal that does not know its size reports 0.
    let width = size.map(|(_, columns)| columns).filter(|&width| width > 0);
    width.unwrap_or(WIDTH)
}

/// An empty table without rules, as wide as the terminal when it is for one.
pub(super) fn new_table(terminal: bool) -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width(terminal));
    table
}

/// The text of a table. Its first columns, as many as `names`, hold names and words, which are not broken: nobody could
/// search for them.
pub(super) fn lay_out(mut table: Table, names: usize) -> String {
    for column in table.column_iter_mut().take(names) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}
