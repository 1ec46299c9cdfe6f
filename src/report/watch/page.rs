//! The page with the curves: one file that needs nothing but a browser, without scripts.
//!
//! Drawn here rather than by a library: those that draw pictures scale the text with them, so that it cannot be read on
//! a narrow screen, and those that draw in the browser bring megabytes of scripts.

use std::fmt::Write as _;

use super::axis::{Axis, Mark};
use super::figure::{Curve, Figure, axes, curve};
use super::summary::{course, summary};
use crate::harmless::harmless_html;
use crate::host::kmem::Sample;
use crate::report::summary::Summary;

/// Width and height of the pictures in their own units; the browser stretches them.
const SIZE: f64 = 1000.0;

/// The page with the measurements of a machine with that kernel. Earlier measurements, `before`, are drawn beneath them;
/// both start at 0. `conclusion` is what they say in a sentence.
pub fn watch_page(
    kernel: &str,
    conclusion: &str,
    samples: &[Sample],
    before: Option<&[Sample]>,
) -> String {
    let times = |samples: &[Sample]| match (samples.first(), samples.last()) {
        (Some(first), Some(last)) => {
            let time = |sample: &Sample| sample.time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
            format!("{} to {}", time(first), time(last))
        }
        _ => "no time".to_owned(),
    };
    let mut about = format!(
        "Kernel {}; {}, {} measurements",
        harmless_html(kernel),
        times(samples),
        samples.len()
    );
    let mut legend = String::new();
    if let Some(before) = before {
        let _ = write!(
            about,
            "; before: {}, {} measurements",
            times(before),
            before.len()
        );
        legend.push_str("<p class=\"legend\"><span class=\"now\">now</span> <span class=\"before\">before</span></p>\n");
    }
    let figures: String = Figure::ALL
        .into_iter()
        .map(|figure| drawn(figure, samples, before))
        .collect();
    filled(&[
        ("{conclusion}", &harmless_html(conclusion)),
        ("{about}", &about),
        ("{legend}", &legend),
        ("{figures}", &figures),
        ("{table}", &table(samples, before)),
    ])
}

/// The page with the texts in their places, which it has in this order. What is in a text is not taken for a place.
fn filled(texts: &[(&str, &str)]) -> String {
    let mut page = String::new();
    let mut rest = include_str!("page.html");
    for (place, text) in texts {
        if let Some((before, after)) = rest.split_once(place) {
            page += before;
            page += text;
            rest = after;
        }
    }
    page + rest
}

fn drawn(figure: Figure, samples: &[Sample], before: Option<&[Sample]>) -> String {
    let now = curve(figure, samples);
    let before = before
        .map(|before| curve(figure, before))
        .unwrap_or_default();
    let title = figure.title();
    if now.iter().chain(&before).all(|point| point.1.is_none()) {
        return format!(
            "<figure><figcaption>{title}</figcaption><p>Not available on this machine.</p></figure>\n"
        );
    }
    let (x, y) = axes(figure, [&now, &before]);
    let [first, last, ..] = course(figure, samples);
    let grid: String = y.marks.iter().map(|mark| line(y.part(mark.at))).collect();
    let labels = |axis: &Axis, side: &str| -> String {
        let mark = |mark: &Mark| {
            let part = 100.0 * axis.part(mark.at);
            format!("<span style=\"{side}:{part:.2}%\">{}</span>", mark.label)
        };
        axis.marks.iter().map(mark).collect()
    };
    format!(
        "<figure><figcaption>{title} <small>{first} at the start, {last} at the end</small></figcaption>\n\
         <div class=\"plot\"><div class=\"y\">{}</div>\
         <svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{title}: {first} at the start, \
         {last} at the end\">{grid}{}{}</svg><div class=\"x\">{}</div></div></figure>\n",
        labels(&y, "bottom"),
        paths(&before, &x, &y, "before"),
        paths(&now, &x, &y, "now"),
        labels(&x, "left"),
    )
}

fn line(part: f64) -> String {
    let y = SIZE * (1.0 - part);
    format!("<path class=\"grid\" d=\"M0 {y:.1}H1000\"/>")
}

/// The curve, in as many pieces as it has; a single point is drawn as a dot.
fn paths(curve: &Curve, x: &Axis, y: &Axis, class: &str) -> String {
    let pieces = curve.split(|point| point.1.is_none());
    let pieces = pieces.filter(|piece| !piece.is_empty()).map(|piece| {
        let at = |(time, value): &(f64, Option<f64>)| {
            let value = value.unwrap_or_default();
            format!(
                "{:.1} {:.1}",
                SIZE * x.part(*time),
                SIZE * (1.0 - y.part(value))
            )
        };
        let points: Vec<_> = piece.iter().map(at).collect();
        // A line of no length has round ends, and so is a dot.
        let points = if points.len() == 1 {
            format!("{0}L{0}", points[0])
        } else {
            points.join("L")
        };
        format!("<path class=\"{class}\" d=\"M{points}\"/>")
    });
    pieces.collect()
}

fn table(samples: &[Sample], before: Option<&[Sample]>) -> String {
    let Summary { head, rows } = summary(samples, before);
    let mut text = String::from("<table><thead><tr>");
    for cell in head {
        let _ = write!(text, "<th>{cell}</th>");
    }
    text += "</tr></thead><tbody>\n";
    for row in rows {
        let mut cells = row.iter();
        let title = cells.next().map_or("", String::as_str);
        let _ = write!(text, "<tr><th>{title}</th>");
        for cell in cells {
            let _ = write!(text, "<td>{cell}</td>");
        }
        text += "</tr>\n";
    }
    text + "</tbody></table>"
}
