//! The look of all tables.

use super::text::{Run, Text, Tone};
use super::wrap::{width_of, wrapped};
use crate::verify::Outcome;

/// Columns between two columns of a table.
const BETWEEN: usize = 2;
/// The least width in columns that is left to a column of sentences.
const LEAST: usize = 16;

/// The outcome of a check, in a word.
pub(super) fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "ok",
        Outcome::Failed => "FAILED",
        Outcome::NotRun => "not run",
    }
}

/// The same in its tone.
pub(super) fn outcome_text(outcome: Outcome) -> Text {
    let tone = match outcome {
        Outcome::Passed => Tone::Good,
        Outcome::Failed => Tone::Bad,
        Outcome::NotRun => Tone::Caution,
    };
    Text::toned(tone, outcome_word(outcome))
}

/// A table without rules. Words are never broken: nobody could search for half a name, or copy it.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<Text>>,
    has_head: bool,
    /// Columns of numbers.
    right: Vec<usize>,
}

impl Table {
    /// An empty one without a header.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// An empty one with a header.
    pub(super) fn with_head<'a>(head: impl IntoIterator<Item = &'a str>) -> Self {
        let head = head
            .into_iter()
            .map(|title| Text::toned(Tone::Title, title));
        Self {
            rows: vec![head.collect()],
            has_head: true,
            right: Vec::new(),
        }
    }

    /// Adds a row.
    pub(super) fn row<T: Into<Text>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let cells = cells.into_iter().map(Into::into);
        self.rows.push(cells.collect());
    }

    /// Sets columns whose cells end at the right.
    pub(super) fn align_right(&mut self, columns: &[usize]) {
        self.right.extend_from_slice(columns);
    }

    /// Whether it has no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.len() == usize::from(self.has_head)
    }

    /// The lines, at most `width` wide where that does not break words. Cells of the first columns, as many as `names`,
    /// hold names and words, and are not broken between those either.
    pub(super) fn text(&self, names: usize, width: u16) -> Text {
        let cells: Vec<Vec<Vec<Vec<Run>>>> = self
            .rows
            .iter()
            .map(|row| row.iter().map(Text::lines).collect())
            .collect();
        let widths = widths(&cells, names, width.into());
        let mut runs = Vec::new();
        for row in &cells {
            self.add_row(&mut runs, row, &widths);
        }
        Text::of_runs(runs)
    }

    fn add_row(&self, runs: &mut Vec<Run>, row: &[Vec<Vec<Run>>], widths: &[usize]) {
        let broken: Vec<Vec<Vec<Run>>> = row
            .iter()
            .zip(widths)
            .map(|(lines, width)| {
                let lines = lines.iter();
                lines
                    .flat_map(|line| wrapped(line, *width, hang(line)))
                    .collect()
            })
            .collect();
        let height = broken.iter().map(Vec::len).max().unwrap_or_default();
        for number in 0..height {
            // Where a column begins, and where the line ends so far.
            let (mut start, mut end) = (0, 0);
            for (column, (lines, width)) in broken.iter().zip(widths).enumerate() {
                let cell = lines.get(number).map(Vec::as_slice).unwrap_or_default();
                let taken = width_of(cell);
                if taken > 0 {
                    let left = if self.right.contains(&column) {
                        width.saturating_sub(taken)
                    } else {
                        0
                    };
                    let gap = (start + left).saturating_sub(end);
                    runs.push(plain(" ".repeat(gap)));
                    runs.extend_from_slice(cell);
                    end += gap + taken;
                }
                start += width + BETWEEN;
            }
            runs.push(plain("\n".to_owned()));
        }
    }
}

fn plain(text: String) -> Run {
    Run {
        tone: Tone::Plain,
        text,
        wraps: false,
    }
}

/// How far what follows the first line is indented: as that is, and by the mark of an item of a list.
fn hang(line: &[Run]) -> usize {
    let text = line.first().map(|run| run.text.as_str());
    let text = text.unwrap_or_default();
    let words = text.trim_start_matches(' ');
    let marks = ["- ", "-> "];
    let mark = marks.into_iter().find(|mark| words.starts_with(mark));
    text.len() - words.len() + mark.map_or(0, str::len)
}

/// The width of each column. Where not all have room, columns of names have what they need, and the others share the rest:
/// each what it needs or an equal part, but never less than its longest word; that of the last column may stand out.
fn widths(rows: &[Vec<Vec<Vec<Run>>>], names: usize, width: usize) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column)).flatten();
    let needed: Vec<usize> = (0..columns)
        .map(|column| cells(column).map(|line| width_of(line)).max().unwrap_or(0))
        .collect();
    let between = BETWEEN * columns.saturating_sub(1);
    let room = width.saturating_sub(between);
    if needed.iter().sum::<usize>() <= room {
        return needed;
    }
    let mut widths = needed.clone();
    let taken: usize = needed.iter().take(names).sum();
    let mut room = room.saturating_sub(taken);
    let mut open: Vec<usize> = (names..columns).collect();
    // The narrowest first: what it leaves is for the others.
    open.sort_by_key(|&column| needed[column]);
    while let Some((&column, others)) = open.split_first() {
        let part = room / (others.len() + 1);
        let word = if column + 1 == columns {
            LEAST
        } else {
            let words = cells(column).flat_map(|line| wrapped(line, 0, 0));
            words.map(|word| width_of(&word)).max().unwrap_or(0)
        };
        widths[column] = needed[column].min(part.max(word));
        room = room.saturating_sub(widths[column]);
        open.remove(0);
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_laid_out(table: &Table, names: usize, width: u16, expected: &[&str]) {
        let text = table.text(names, width).to_string();
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let mut table = Table::with_head(["name", "size", "what"]);
        table.row(["tool", "5", "a"]);
        table.row(["another", "1000", ""]);
        table.align_right(&[1]);
        let expected = ["name     size  what", "tool        5  a", "another  1000"];
        assert_laid_out(&table, 1, 80, &expected);
    }

    #[test]
    fn sentences_are_broken_between_words_and_names_are_not() {
        let mut table = Table::new();
        table.row([
            "a long name",
            "one two three four",
            "- five six seven eight",
        ]);
        assert_laid_out(
            &table,
            1,
            40,
            &[
                "a long name  one two       - five six seven",
                "             three four      eight",
            ],
        );
    }

    #[test]
    fn a_long_word_is_whole() {
        let mut table = Table::new();
        table.row(["a", "in /a/very/long/path/to/a/file it", "is"]);
        table.row(["b", "one", "two"]);
        assert_laid_out(
            &table,
            1,
            24,
            &[
                "a  in                           is",
                "   /a/very/long/path/to/a/file",
                "   it",
                "b  one                          two",
            ],
        );
    }
}
