//! The one table at the end of a release.

use super::layout::new_table;

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
        let escape = |cell: &String| {
            let cell = cell.replace('\\', "\\\\").replace('|', "\\|");
            cell.replace('<', "&lt;").replace('\n', "<br>")
        };
        let mut text = format!("### {title}\n\n");
        text += &row(&mut self.head.iter().map(|&head| head.to_owned()));
        text += &row(&mut self.head.iter().map(|_| "---".to_owned()));
        for cells in &self.rows {
            text += &row(&mut cells.iter().map(escape));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Summary;

    #[test]
    fn a_cell_stays_a_cell() {
        let summary = Summary {
            head: vec!["target", "result"],
            rows: vec![vec!["a|b".to_owned(), "failed\nbadly <b>".to_owned()]],
        };
        assert_eq!(
            summary.markdown("Release"),
            "### Release\n\n| target | result |\n| --- | --- |\n| a\\|b | failed<br>badly &lt;b> |\n"
        );
        assert!(summary.table(false).contains("a|b"));
    }
}
