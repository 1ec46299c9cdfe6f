//! The curves of a figure as a picture in the page.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::axis::{Axis, Mark};
use super::curve::{Stretch, Values, curve, pieces};
use super::figure::{Figure, exact};
use super::series::Series;
use super::time_axis::{after, time_label};
use crate::harmless::harmless_html;

/// Width and height of the pictures in their own units; the browser stretches them.
const SIZE: f64 = 1000.0;
/// Most stretches of a curve: a picture is some hundred points wide, and a line that goes up and down at each of them is a
/// block.
const STRETCHES: usize = 120;
/// Most areas of a picture that show their values under the mouse.
const AREAS: u32 = 100;

/// A curve of a picture.
pub(super) struct Line<'a> {
    series: Series<'a>,
    /// Its class in the page, which is its look.
    class: &'static str,
    pub(super) stretches: Vec<Stretch>,
}

impl<'a> Line<'a> {
    pub(super) fn new(figure: Figure, series: Series<'a>, class: &'static str) -> Self {
        Self {
            stretches: curve(figure, series.samples, STRETCHES),
            series,
            class,
        }
    }

    /// Whether no value of it is known.
    pub(super) fn is_empty(&self) -> bool {
        self.stretches
            .iter()
            .all(|stretch| stretch.values.is_none())
    }

    /// The band from the lowest to the highest values, and a line through the means: in as many pieces as the curve has.
    fn draw(&self, x: &Axis, y: &Axis) -> String {
        let at = |time: f64, value: f64| {
            format!(
                "{:.1} {:.1}",
                SIZE * x.part(time),
                SIZE * (1.0 - y.part(value))
            )
        };
        let mut text = String::new();
        for piece in pieces(&self.stretches) {
            let middle = |stretch: &Stretch| f64::midpoint(stretch.start, stretch.end);
            let point = |of: fn(&Values) -> f64| {
                move |(stretch, values): &(Stretch, Values)| at(middle(stretch), of(values))
            };
            if piece
                .iter()
                .any(|(_, values)| values.lowest < values.highest)
            {
                let highest = piece.iter().map(point(|values| exact(values.highest)));
                let lowest = piece.iter().rev().map(point(|values| exact(values.lowest)));
                let around: Vec<_> = highest.chain(lowest).collect();
                // Writing to a string cannot fail.
                let _ = write!(
                    text,
                    "<path class=\"band {}\" d=\"M{}Z\"/>",
                    self.class,
                    around.join("L")
                );
            }
            let points: Vec<_> = piece.iter().map(point(|values| values.mean)).collect();
            // A line of no length has round ends, and so is a dot.
            let (dot, points) = match points.as_slice() {
                [point] => (" dot", format!("{point}L{point}")),
                points => ("", points.join("L")),
            };
            let _ = write!(
                text,
                "<path class=\"{}{dot}\" d=\"M{points}\"/>",
                self.class
            );
        }
        text
    }

    /// What the curve has from `start` to `end`, or nearest to the middle between: the value or values, and when.
    fn value(&self, figure: Figure, start: f64, end: f64) -> Option<String> {
        let (first, last) = (self.stretches.first()?, self.stretches.last()?);
        if last.end < start || first.start > end {
            return None;
        }
        let middle = f64::midpoint(start, end);
        let distance = |stretch: &&Stretch| {
            let nearest = middle.clamp(stretch.start, stretch.end);
            (middle - nearest).abs()
        };
        let nearest = self
            .stretches
            .iter()
            .min_by(|one, other| distance(one).total_cmp(&distance(other)))?;
        let values = nearest.values?;
        Some(if values.lowest == values.highest {
            figure.show(values.lowest)
        } else {
            format!(
                "{} to {}",
                figure.show(values.lowest),
                figure.show(values.highest)
            )
        })
    }
}

/// Times of a picture.
#[derive(Clone, Copy)]
pub(super) enum Times {
    /// By the clock, when it is this at 0.
    Clock(Timestamp),
    /// Since the start.
    Elapsed,
}

impl Times {
    fn show(self, seconds: f64) -> String {
        match self {
            Self::Clock(first) => {
                let time = after(first, seconds);
                time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
            }
            Self::Elapsed => format!("after {}", time_label(seconds)),
        }
    }
}

/// A picture of curves with its axes; `caption` says what the times are.
pub(super) fn picture(
    figure: Figure,
    lines: &[Line<'_>],
    (x, y): (&Axis, &Axis),
    times: Times,
    caption: &str,
) -> String {
    let title = figure.title();
    let grid: String = y.marks.iter().map(|mark| grid(y.part(mark.at))).collect();
    let limit = y.limit.as_ref().map(|limit| {
        let at = SIZE * (1.0 - limit.part);
        let side = if limit.to_scale { "above" } else { "below" };
        (
            format!("<path class=\"limit\" d=\"M0 {at:.1}H1000\"/>"),
            format!(
                "<span class=\"{side}\" style=\"bottom:{:.2}%\">{}</span>",
                100.0 * limit.part,
                limit.labels[0]
            ),
        )
    });
    let (limit, limit_label) = limit.unwrap_or_default();
    let curves: String = lines.iter().map(|line| line.draw(x, y)).collect();
    format!(
        "<div class=\"plot\"><div class=\"y\"><em>{}</em>{}</div>\
         <div class=\"area\"><svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{title}\">{grid}{limit}{curves}{}</svg>{limit_label}</div>\
         <div class=\"x\">{}<i>{}</i></div></div>\n",
        figure.unit(),
        labels(y, "bottom"),
        areas(figure, lines, x, times),
        labels(x, "left"),
        harmless_html(caption),
    )
}

fn grid(part: f64) -> String {
    let y = SIZE * (1.0 - part);
    format!("<path class=\"grid\" d=\"M0 {y:.1}H1000\"/>")
}

/// The marks of an axis; those that a narrow screen has no room for are minor ones.
fn labels(axis: &Axis, side: &str) -> String {
    let last = axis.marks.len().saturating_sub(1);
    let is_minor = |number: usize| {
        number > 0 && number < last && (number == 1 || !(last - number).is_multiple_of(2))
    };
    let label = |(number, mark): (usize, &Mark)| {
        let part = 100.0 * axis.part(mark.at);
        let minor = if is_minor(number) {
            " class=\"minor\""
        } else {
            ""
        };
        format!(
            "<span{minor} style=\"{side}:{part:.2}%\">{}</span>",
            mark.label
        )
    };
    axis.marks.iter().enumerate().map(label).collect()
}

/// Areas from the left to the right, each with the values in it as a title, which browsers show under the mouse.
fn areas(figure: Figure, lines: &[Line<'_>], x: &Axis, times: Times) -> String {
    let most = lines.iter().map(|line| line.stretches.len()).max();
    let count = u32::try_from(most.unwrap_or_default()).unwrap_or(AREAS);
    let count = count.clamp(1, AREAS);
    let width = (x.high - x.low) / f64::from(count);
    let mut text = String::new();
    for number in 0..count {
        let start = x.low + f64::from(number) * width;
        let values: Vec<_> = lines
            .iter()
            .filter_map(|line| {
                let value = line.value(figure, start, start + width)?;
                Some(match lines {
                    [_] => value,
                    _ => format!("{}: {value}", harmless_html(line.series.label)),
                })
            })
            .collect();
        if !values.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "<rect x=\"{:.1}\" y=\"0\" width=\"{:.1}\" height=\"1000\"><title>{}\n{}</title></rect>",
                SIZE * x.part(start),
                SIZE / f64::from(count),
                times.show(f64::midpoint(start, start + width).max(0.0)),
                values.join("\n")
            );
        }
    }
    text
}
