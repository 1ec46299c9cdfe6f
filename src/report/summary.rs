//! The one table at the end of a release.

use super::layout::new_table;
use crate::harmless::harmless_markdown;

/// A table of texts with a header.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Headers of the columns.
    pub head: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Summary {
    /// The table for people, as wide as the terminal.
    pub fn table(&self, terminal: bool) -> String {
        let mut table = new_table(terminal);
        table.set_header(&self.head);
        for row in &self.rows {
            table.add_row(row);
        }
        format!("{}\n", table.trim_fmt())
    }

    /// The table in Markdown, under a title.
    pub fn markdown(&self, title: &str) -> String {
        let row = |cells: &mut dyn Iterator<Item = String>| {
            let cells: Vec<_> = cells.collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let mut text = format!("### {title}\n\n");
        text += &row(&mut self.head.iter().map(|&head| head.to_owned()));
        text += &row(&mut self.head.iter().map(|_| "---".to_owned()));
        for cells in &self.rows {
            text += &row(&mut cells.iter().map(|cell| harmless_markdown(cell)));
        }
        text
    }
}
