//! The curves of a figure in a part of a terminal.

use super::axis::{Axis, Mark};
use super::curve::{Stretch, curve, pieces};
use super::figure::{Figure, exact};
use super::screen::{Area, Ink, Screen};
use super::series::Watched;
use super::time_axis::elapsed;

/// Most stretches of a curve: more than a terminal has dots in a row.
const STRETCHES: usize = 1000;

/// The chart of a figure.
pub(super) struct TerminalPlot {
    /// Titles with the last value, the longest first.
    titles: [String; 4],
    x: Axis,
    y: Axis,
    /// The curves in the order in which they are drawn: what is drawn last is on top.
    curves: Vec<(Vec<Stretch>, Ink)>,
}

impl TerminalPlot {
    pub(super) fn new(figure: Figure, watched: Watched<'_>) -> Self {
        let curves: Vec<_> = watched
            .all()
            .map(|series| curve(figure, series.samples, STRETCHES))
            .collect();
        let end = curves.iter().flatten().map(|stretch| stretch.end);
        let x = elapsed(end.fold(0.0, f64::max));
        let y = Axis::of_curves(figure, &curves);
        let inks = [Ink::Before, Ink::Now];
        let inks = &inks[inks.len() - curves.len()..];
        let last = watched.series.samples.last();
        let last = last.and_then(|sample| figure.value(sample));
        let value = last.map_or_else(|| "unknown".to_owned(), |value| figure.show(value));
        let full = format!("{}: {value}", figure.title());
        let limit = figure.limit().filter(|_| last.is_some());
        let limited = limit.map(|limit| format!("{full} of {}", figure.show(limit)));
        Self {
            titles: [
                limited.unwrap_or_else(|| full.clone()),
                full,
                format!("{}: {value}", figure.short_title()),
                value,
            ],
            x,
            y,
            curves: curves.into_iter().zip(inks.iter().copied()).collect(),
        }
    }

    /// A title above the curves, values at their left, and times below.
    pub(super) fn draw(&self, screen: &mut Screen, area: Area) {
        let labels = self.y.marks.iter().map(|mark| mark.label.chars().count());
        let labels = labels.max().unwrap_or_default();
        let plot = Area {
            left: area.left + labels + 1,
            top: area.top + 1,
            width: area.width.saturating_sub(labels + 2),
            height: area.height.saturating_sub(3),
        };
        let room = area.width.saturating_sub(1);
        let title = self
            .titles
            .iter()
            .find(|title| title.chars().count() <= room);
        let title = title.map_or("", String::as_str);
        screen.write(area.left, area.top, title, Ink::Text);
        self.draw_axes(screen, area.left, labels, plot);
        for (curve, ink) in &self.curves {
            for piece in pieces(curve) {
                let points = piece.iter().flat_map(|(stretch, values)| {
                    let ends = [
                        (stretch.start, values.lowest),
                        (stretch.end, values.highest),
                    ];
                    ends.map(|(time, value)| (self.x.part(time), self.y.part(exact(value))))
                });
                screen.curve(plot, &points.collect::<Vec<_>>(), *ink);
            }
        }
        if let (Some(limit), 1..) = (&self.y.limit, plot.height) {
            let labels = &limit.labels;
            let label = labels
                .iter()
                .find(|label| label.chars().count() + 1 < plot.width);
            let row = row(plot, limit.part);
            screen.write(
                plot.left + 1,
                row,
                label.map_or("", String::as_str),
                Ink::Limit,
            );
        }
    }

    fn draw_axes(&self, screen: &mut Screen, left: usize, labels: usize, plot: Area) {
        let axis = left + labels;
        for row in plot.top..plot.top + plot.height {
            screen.write(axis, row, "│", Ink::Axis);
        }
        let bottom = plot.top + plot.height;
        screen.write(axis, bottom, "└", Ink::Axis);
        screen.write(plot.left, bottom, &"─".repeat(plot.width), Ink::Axis);
        if plot.height > 0 {
            if let Some(limit) = &self.y.limit {
                let line = "╌".repeat(plot.width);
                screen.write(plot.left, row(plot, limit.part), &line, Ink::Limit);
            }
            // Where two marks would be in one row, the outer one is of more use.
            let (first, between) = self.y.marks.split_first().unzip();
            let marks = between.into_iter().flatten().chain(first);
            for mark in marks {
                let label = format!("{:>labels$}", mark.label);
                screen.write(left, row(plot, self.y.part(mark.at)), &label, Ink::Axis);
            }
        }
        for (column, label) in times(&self.x, plot.width) {
            screen.write(plot.left + column, bottom + 1, label, Ink::Axis);
        }
    }
}

/// The row of a part of an area's height.
fn row(area: Area, part: f64) -> usize {
    let rows = area.height.saturating_sub(1);
    let above = (1.0 - part.clamp(0.0, 1.0)) * f64::from(u32::try_from(rows).unwrap_or(u32::MAX));
    area.top + whole(above).min(rows)
}

/// The marks of an axis of times that have room in so many columns, with the column at which each begins: the ends, and
/// what is between them.
fn times(axis: &Axis, width: usize) -> Vec<(usize, &str)> {
    let columns = f64::from(u32::try_from(width.saturating_sub(1)).unwrap_or(u32::MAX));
    let place = |mark: &Mark| {
        let length = mark.label.chars().count();
        let middle = whole(columns * axis.part(mark.at));
        let column = middle
            .saturating_sub(length / 2)
            .min(width.saturating_sub(length));
        (column, length)
    };
    let mut taken: Vec<(usize, usize)> = Vec::new();
    let mut shown = Vec::new();
    let last = axis.marks.iter().rev().take(1);
    for mark in last.chain(&axis.marks) {
        let (column, length) = place(mark);
        let has_room = length <= width
            && taken
                .iter()
                .all(|(start, end)| column > end + 1 || column + length + 1 < *start);
        if has_room {
            taken.push((column, column + length));
            shown.push((column, mark.label.as_str()));
        }
    }
    shown
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place on a terminal, not below 0"
)]
fn whole(number: f64) -> usize {
    number.round() as usize
}
