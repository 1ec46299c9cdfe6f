//! The one table at the end of a release.

use super::layout::{lay_out, new_table, width};
use crate::harmless::harmless_markdown;

/// The least width in characters at which a table of many columns can be read.
const TABLE: u16 = 100;

/// A table of texts with a header.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Headers of the columns.
    pub head: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Summary {
    /// The table for people, as wide as the terminal. Its first `names` columns are not broken.
    pub fn table(&self, names: usize, terminal: bool) -> String {
        let mut table = new_table(terminal);
        table.set_header(&self.head);
        for row in &self.rows {
            table.add_row(row);
        }
        format!("{}\n", lay_out(table, names))
    }

    /// The same where it is wide enough; otherwise a line for each row, which begins with its first cell.
    pub fn table_or_lines(&self, names: usize, terminal: bool) -> String {
        if width(terminal) >= TABLE {
            return self.table(names, terminal);
        }
        let line = |row: &Vec<String>| {
            let mut cells = row.iter().filter(|cell| !cell.is_empty());
            let first = cells.next().map(String::as_str).unwrap_or_default();
            let others: Vec<_> = cells.map(|cell| cell.replace('\n', ", ")).collect();
            format!("{first}: {}\n", others.join(", "))
        };
        self.rows.iter().map(line).collect()
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
