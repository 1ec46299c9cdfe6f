//! The look of all tables.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};

/// Width of tables in characters where no terminal has one: in a file, a pipe, the log of a CI job.
const WIDTH: u16 = 120;

/// An empty table, as wide as the terminal when it is for one.
pub(super) fn new_table(terminal: bool) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    // A terminal that does not know its size reports 0.
    if !terminal || table.width().is_none_or(|width| width == 0) {
        table.set_width(WIDTH);
    }
    table
}
