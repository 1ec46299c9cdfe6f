//! The live chart on a terminal.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use console::Term;

use super::axis::{Axis, Mark};
use super::figure::{Curve, Figure, axes, curve};
use super::screen::{Area, Ink, Screen};
use crate::host::kmem::Sample;

/// Codes of a terminal: its second screen without a cursor, and back.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";
/// The last line of the screen.
const HINT: &str = "Press Ctrl-C to stop and write the results";

/// Charts of all figures on the whole terminal of standard error. Dropping it restores the screen.
pub struct LiveChart {
    terminal: Term,
}

impl LiveChart {
    /// Takes the screen.
    ///
    /// # Errors
    /// The terminal's error.
    pub fn new() -> io::Result<Self> {
        let live = Self {
            terminal: Term::stderr(),
        };
        live.terminal.write_str(ENTER)?;
        Ok(live)
    }

    /// Draws the curves.
    ///
    /// # Errors
    /// The terminal's error.
    pub fn draw(&mut self, samples: &[Sample], before: Option<&[Sample]>) -> io::Result<()> {
        let (rows, columns) = self.terminal.size();
        let (width, height) = (usize::from(columns), usize::from(rows));
        let mut screen = Screen::new(width, height);
        for (number, figure) in Figure::ALL.into_iter().enumerate() {
            let area = Area {
                left: number % 2 * (width / 2),
                top: number / 2 * (height.saturating_sub(1) / 2),
                width: width / 2,
                height: height.saturating_sub(1) / 2,
            };
            Drawn::new(figure, samples, before.unwrap_or_default()).draw(&mut screen, area);
        }
        screen.write(0, height.saturating_sub(1), HINT, Ink::Text);
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

struct Drawn {
    title: String,
    x: Axis,
    y: Axis,
    now: Vec<(f64, f64)>,
    before: Vec<(f64, f64)>,
}

impl Drawn {
    fn new(figure: Figure, samples: &[Sample], before: &[Sample]) -> Self {
        let (now, before) = (curve(figure, samples), curve(figure, before));
        let (x, y) = axes(figure, [&now, &before]);
        let known = |curve: Curve| -> Vec<_> {
            let points = curve.into_iter();
            points
                .filter_map(|(time, value)| Some((time, value?)))
                .collect()
        };
        let last = samples.last().and_then(|sample| figure.value(sample));
        let last = last.map_or_else(|| "unknown".to_owned(), |value| figure.show(value));
        Self {
            title: format!("{}: {last}", figure.title()),
            x,
            y,
            now: known(now),
            before: known(before),
        }
    }

    /// A title above the curves, values at their left, and times below.
    fn draw(&self, screen: &mut Screen, area: Area) {
        let (lowest, highest) = (label(self.y.marks.first()), label(self.y.marks.last()));
        let labels = lowest.len().max(highest.len());
        let plot = Area {
            left: area.left + labels + 1,
            top: area.top + 1,
            width: area.width.saturating_sub(labels + 2),
            height: area.height.saturating_sub(3),
        };
        screen.write(plot.left, area.top, &self.title, Ink::Text);
        let axis = plot.left - 1;
        for row in plot.top..plot.top + plot.height {
            screen.write(axis, row, "│", Ink::Axis);
        }
        let bottom = plot.top + plot.height;
        screen.write(axis, bottom, "└", Ink::Axis);
        screen.write(plot.left, bottom, &"─".repeat(plot.width), Ink::Axis);
        screen.write(
            area.left,
            plot.top,
            &format!("{highest:>labels$}"),
            Ink::Axis,
        );
        let lowest = format!("{lowest:>labels$}");
        screen.write(area.left, bottom.saturating_sub(1), &lowest, Ink::Axis);
        screen.write(
            plot.left,
            bottom + 1,
            label(self.x.marks.first()),
            Ink::Axis,
        );
        // Values end at a mark, times where the watch is.
        let time = Duration::from_secs_f64(self.x.high.round());
        let time = humantime::format_duration(time).to_string();
        let right = (plot.left + plot.width).saturating_sub(time.len());
        screen.write(right, bottom + 1, &time, Ink::Axis);
        // What is drawn last is on top.
        for (points, ink) in [(&self.before, Ink::Before), (&self.now, Ink::Now)] {
            let parts = points
                .iter()
                .map(|(x, y)| (self.x.part(*x), self.y.part(*y)));
            screen.curve(plot, &parts.collect::<Vec<_>>(), ink);
        }
    }
}

fn label(mark: Option<&Mark>) -> &str {
    mark.map_or("", |mark| &mark.label)
}
