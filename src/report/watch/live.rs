//! The live chart on a terminal.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use console::Term;

use super::conclusion::sentence;
use super::figure::Figure;
use super::number::measurements;
use super::screen::{Area, Ink, Screen};
use super::series::{Series, Watched};
use super::terminal_plot::TerminalPlot;
use crate::report::look::draws_ascii;
use crate::report::plain::duration;

/// Codes of a terminal: its second screen without a cursor, and back.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";
/// The least height at which the sentence that concludes has room beside the charts.
const SENTENCE: usize = 16;
/// Columns between two things in a line.
const BETWEEN: usize = 3;

/// What the lines around the charts tell.
#[derive(Debug, Clone)]
pub struct ChartNotes {
    /// How long the watch is going to last, if that is known.
    pub duration: Option<Duration>,
    /// How to end the watch and what becomes of the measurements, at length and in fewer words: the first that has room is
    /// shown.
    pub hints: Vec<String>,
}

/// Charts of all figures on the whole terminal of standard error. Dropping it restores the screen.
pub struct LiveChart {
    terminal: Term,
    ascii: bool,
    notes: ChartNotes,
}

impl LiveChart {
    /// Takes the screen.
    ///
    /// # Errors
    /// The terminal's error.
    pub fn new(notes: ChartNotes) -> io::Result<Self> {
        let live = Self {
            terminal: Term::stderr(),
            ascii: draws_ascii(),
            notes,
        };
        live.terminal.write_str(ENTER)?;
        Ok(live)
    }

    /// Draws the curves.
    ///
    /// # Errors
    /// The terminal's error.
    pub fn draw(&mut self, watched: Watched<'_>) -> io::Result<()> {
        let (rows, columns) = self.terminal.size();
        let screen = drawn(
            watched,
            &self.notes,
            (usize::from(columns), usize::from(rows)),
            self.ascii,
        );
        let mut text = String::new();
        for (number, row) in screen.rows().enumerate() {
            // To each row by its number: a line feed after the last column may go down twice.
            let _ = write!(text, "\u{1b}[{};1H{row}", number + 1);
        }
        self.terminal.write_str(&text)
    }
}

impl Drop for LiveChart {
    fn drop(&mut self) {
        // A terminal that is gone needs no care.
        let _ = self.terminal.write_str(LEAVE);
    }
}

/// A line about the watch, four charts, what they say, the names of the curves, and how to end it.
fn drawn(
    watched: Watched<'_>,
    notes: &ChartNotes,
    (width, height): (usize, usize),
    ascii: bool,
) -> Screen {
    let mut screen = Screen::new(width, height, ascii);
    screen.write(0, 0, &heading(&watched.series, notes, width), Ink::Text);
    let mut bottom = height.saturating_sub(1);
    let hint = notes.hints.iter().find(|hint| length(hint) <= width);
    screen.write(0, bottom, hint.map_or("", String::as_str), Ink::Text);
    if let Some(earlier) = watched.earlier {
        bottom = bottom.saturating_sub(1);
        legend(&mut screen, [watched.series, earlier], bottom, width);
    }
    if height >= SENTENCE {
        let lines = wrapped(&sentence(&watched.series), width);
        bottom = bottom.saturating_sub(lines.len());
        for (number, line) in lines.iter().enumerate() {
            screen.write(0, bottom + number, line, Ink::Text);
        }
    }
    let (wide, high) = (width / 2, bottom.saturating_sub(1) / 2);
    for (number, figure) in Figure::ALL.into_iter().enumerate() {
        let area = Area {
            left: number % 2 * wide,
            top: 1 + number / 2 * high,
            width: wide,
            height: high,
        };
        TerminalPlot::new(figure, watched).draw(&mut screen, area);
    }
    screen
}

/// As much as there is room for: what is not known otherwise comes first.
fn heading(series: &Series<'_>, notes: &ChartNotes, width: usize) -> String {
    let span = series.span();
    let count = series.samples.len();
    let measured = if count > 1 {
        format!("{} in {}", measurements(count), duration(span))
    } else {
        measurements(count)
    };
    let left = notes.duration.map(|whole| {
        let left = duration(whole.saturating_sub(span));
        format!("ends in {left}")
    });
    let origin = series.origin;
    let every = origin.interval.map(|interval| {
        let interval = humantime::format_duration(interval);
        format!("one every {interval}")
    });
    let clock = series.samples.last();
    let clock = clock.map(|sample| sample.time.strftime("%H:%M:%S UTC").to_string());
    let parts = [
        origin.host.clone(),
        Some(measured),
        left,
        every,
        clock,
        origin
            .kernel
            .as_ref()
            .map(|kernel| format!("kernel {kernel}")),
    ];
    let mut line = String::new();
    for part in parts.into_iter().flatten() {
        let separator = if line.is_empty() { "" } else { " · " };
        if length(&line) + length(separator) + length(&part) <= width {
            line = line + separator + &part;
        }
    }
    line
}

/// The names of the curves, each behind a piece of its curve.
fn legend(screen: &mut Screen, series: [Series<'_>; 2], row: usize, width: usize) {
    let sign = 3;
    let room = (width / 2).saturating_sub(sign + BETWEEN);
    let mut left = 0;
    for (series, ink) in series.into_iter().zip([Ink::Now, Ink::Before]) {
        let area = Area {
            left,
            top: row,
            width: sign,
            height: 1,
        };
        screen.curve(area, &[(0.0, 0.4), (1.0, 0.4)], ink);
        let name = shortened(series.label, room);
        screen.write(left + sign + 1, row, &name, Ink::Text);
        left += sign + 1 + length(&name) + BETWEEN;
    }
}

/// A name in so many characters: of a long one its end, which tells files apart.
fn shortened(name: &str, room: usize) -> String {
    let characters = length(name);
    if characters <= room {
        return name.to_owned();
    }
    let end = name.chars().skip(characters - room.saturating_sub(3));
    format!("...{}", end.collect::<String>())
}

/// A text in lines of at most so many characters, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::host::kmem::{Origin, SAMPLE_FORMAT, Sample};

    fn samples(minutes: u32, per_minute: u64) -> Vec<Sample> {
        let sample = |minute: u32| {
            let grown = u64::from(minute) * per_minute;
            Sample {
                format: SAMPLE_FORMAT,
                time: jiff::Timestamp::from_second(i64::from(minute) * 60).expect("a time"),
                slab_caches: Some(123_456 + grown),
                memory_cgroups: Some(4_000 + grown),
                cgroups_found: None,
                cgroups_without_processes: Some(3_120 + grown),
                cgroups_on: None,
                kernel_memory_bytes: Some(12_345_678_901),
            }
        };
        (0..=minutes).map(sample).collect()
    }

    fn shown(size: (usize, usize), samples: &[Sample], earlier: Option<&[Sample]>) -> String {
        shown_in(size, samples, earlier, false)
    }

    fn shown_in(
        size: (usize, usize),
        samples: &[Sample],
        earlier: Option<&[Sample]>,
        ascii: bool,
    ) -> String {
        let origin = Origin {
            host: Some("node-7.example".to_owned()),
            kernel: Some("3.19.0-1160.el7.x86_64".to_owned()),
            interval: Some(Duration::from_mins(1)),
            tool: None,
        };
        let series = |label, samples| Series {
            label,
            origin: &origin,
            samples,
            live: true,
        };
        let watched = Watched {
            series: series("after.csv", samples),
            earlier: earlier.map(|samples| series("before\u{1b}[2J.csv", samples)),
        };
        let notes = ChartNotes {
            duration: Some(Duration::from_hours(2)),
            hints: vec!["q or Ctrl-C ends the watch".to_owned(), "q".to_owned()],
        };
        let mut text = String::new();
        for row in drawn(watched, &notes, size, ascii).rows() {
            let row = console::strip_ansi_codes(&row).trim_end().to_owned();
            assert!(row.chars().count() <= size.0, "{row}");
            let _ = writeln!(text, "{row}");
        }
        text
    }

    #[test]
    fn at_80_columns_and_fewer_every_title_has_its_value() {
        let samples = samples(30, 50);
        for width in [200, 120, 80, 60] {
            let text = shown((width, 24), &samples, None);
            for value in [
                "slab caches: 124,956",
                "memory cgroups",
                "5,500",
                "without processes: 4,620",
                "kernel memory",
                "11.5 GiB",
                "limit: 65,535",
                "node-7.example · 31 measurements in 30m00s",
                "memory cgroups grow by 3,000 (±",
                "q or Ctrl-C ends the watch",
            ] {
                assert!(text.contains(value), "{width}: {value}\n{text}");
            }
        }
        let text = shown((80, 24), &samples, None);
        assert!(text.contains("ends in 1h30m · one every 1m"), "{text}");
        // Very small ones must not end the watch.
        for size in [(0, 0), (1, 1), (10, 3), (30, 8), (7, 60)] {
            shown(size, &samples, Some(&samples));
        }
    }

    #[test]
    fn in_ascii_there_is_the_same_in_other_characters() {
        let samples = samples(30, 50);
        let text = shown_in((80, 24), &samples, Some(&samples), true);
        assert!(text.is_ascii(), "{text}");
        for part in ["grow by 3,000 (+/-", "***", "---", "before?[2J.csv"] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn one_measurement_is_a_dot_on_a_plain_axis() {
        let text = shown((80, 24), &samples(0, 0), None);
        for mark in ["150,000", "1 measurement", "too short to tell"] {
            assert!(text.contains(mark), "{mark}\n{text}");
        }
    }

    #[test]
    fn curves_that_are_compared_are_named() {
        let (now, before) = (samples(5, 0), samples(60, 50));
        let text = shown((80, 24), &now, Some(&before));
        assert!(
            text.contains("after.csv   ") && text.contains("before\u{fffd}[2J.csv"),
            "{text}"
        );
        assert_eq!(shortened("/a/long/way/to/after.csv", 12), "...after.csv");
    }
}
