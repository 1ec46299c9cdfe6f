//! The one table at the end of a release.

use super::layout::Table;
use super::text::{Text, Tone};
use crate::harmless::harmless_markdown;

/// The least width in characters at which a table of many columns can be read.
const TABLE: u16 = 100;

/// A table of texts with a header.
#[derive(Debug, Clone)]
pub struct Summary<Cell = String> {
    /// Headers of the columns; none for a table without.
    pub head: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

impl<Cell> Summary<Cell>
where
    for<'a> Text: From<&'a Cell>,
{
    /// The table for people, so many columns wide. Cells of the first `names` columns are not broken.
    pub fn table(&self, names: usize, width: u16) -> Text {
        let mut table = if self.head.is_empty() {
            Table::new()
        } else {
            Table::with_head(self.head.iter().copied())
        };
        for row in &self.rows {
            table.row(row);
        }
        table.text(names, width)
    }

    /// Whether there is room for a table of many columns in so many characters.
    pub fn is_wide(width: u16) -> bool {
        width >= TABLE
    }

    /// The same where it is wide enough; otherwise a line for each row, which begins with its first cell.
    pub fn table_or_lines(&self, names: usize, width: u16) -> Text {
        if Self::is_wide(width) {
            return self.table(names, width);
        }
        let mut text = Text::new();
        for row in &self.rows {
            let cells = row.iter().map(Text::from).map(Text::in_one_line);
            let mut cells = cells.filter(|cell| !cell.is_empty());
            let first = cells.next().unwrap_or_default();
            let mut line = Text::toned(Tone::Title, first.to_string());
            for (number, cell) in cells.enumerate() {
                line += if number == 0 { ": " } else { ", " };
                line += cell;
            }
            text += Text::message(line + "\n");
        }
        text
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
            let cells = cells.iter().map(|cell| Text::from(cell).to_string());
            text += &row(&mut cells.map(|cell| harmless_markdown(&cell)));
        }
        text
    }
}
