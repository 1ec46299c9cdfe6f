//! The measurements in numbers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::conclusion::{rate, sentence};
use super::figure::Figure;
use super::series::{Series, Watched};
use crate::host::kmem::{Origin, Sample, Trend};
use crate::report::closing::Closing;
use crate::report::json::json_document;
use crate::report::summary::Summary;
use crate::report::text::Text;

/// The width in characters from which a table has all columns.
const WIDE: u16 = 110;
/// Most characters of a name in a table.
const NAME: usize = 24;

/// A series as JSON.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document<'a> {
    verdict: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
    label: &'a str,
    origin: &'a Origin,
    trends: BTreeMap<Figure, Trend>,
    full_in_seconds: Option<u64>,
    samples: &'a [Sample],
    #[serde(skip_serializing_if = "Option::is_none")]
    earlier: Option<Box<Document<'a>>>,
}

impl<'a> Document<'a> {
    fn new(series: Series<'a>, verdict: String) -> Self {
        let trends = Figure::ALL.map(|figure| (figure, series.trend(figure)));
        Self {
            verdict,
            next: None,
            label: series.label,
            origin: series.origin,
            trends: trends.into(),
            full_in_seconds: series.full_in().map(|left| left.as_secs()),
            samples: series.samples,
            earlier: None,
        }
    }
}

/// All measurements as one versioned JSON document: of each series where it was measured, the trend of each figure, when
/// memory cgroups are full, and what concludes.
pub fn watch_json(watched: Watched<'_>, closing: &Closing) -> String {
    let about_earlier = watched.earlier.map(|earlier| sentence(&earlier));
    let earlier = watched.earlier.zip(about_earlier);
    let earlier = earlier.map(|(earlier, verdict)| Box::new(Document::new(earlier, verdict)));
    json_document(&Document {
        next: closing.next.as_deref(),
        earlier,
        ..Document::new(watched.series, closing.verdict.to_string())
    })
}

/// A table with a row for each figure and series: first, last, lowest and highest value, and growth per hour. A narrow
/// terminal has no room for the lowest and the highest.
pub fn watch_summary(watched: Watched<'_>, width: u16) -> Text {
    let is_wide = width >= WIDE;
    let names = if watched.earlier.is_some() { 2 } else { 1 };
    summary(watched, is_wide && watched.earlier.is_none()).table(names, width)
}

pub(super) fn summary(watched: Watched<'_>, all: bool) -> Summary {
    let compared = watched.earlier.is_some();
    let mut head = vec!["figure"];
    head.extend(compared.then_some("recording"));
    head.extend(["first", "last"]);
    if all {
        head.extend(["lowest", "highest"]);
    }
    head.push("per hour");
    let mut rows = Vec::new();
    for figure in Figure::ALL {
        for series in watched.all() {
            let title = if all {
                figure.title()
            } else {
                figure.short_title()
            };
            let mut row = vec![title.to_owned()];
            row.extend(compared.then(|| {
                if all {
                    series.label.to_owned()
                } else {
                    short(series.label)
                }
            }));
            row.extend(ends(figure, series.samples));
            if all {
                row.extend(extremes(figure, series.samples));
            }
            row.push(per_hour(figure, series.trend(figure)));
            rows.push(row);
        }
    }
    Summary { head, rows }
}

/// A name that leaves room for numbers.
fn short(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    let start: String = name.chars().take(NAME - 3).collect();
    format!("{start}...")
}

/// First and last value.
pub(super) fn ends(figure: Figure, samples: &[Sample]) -> [String; 2] {
    let known = || samples.iter().filter_map(|sample| figure.value(sample));
    [known().next(), known().next_back()].map(|value| shown(figure, value))
}

/// Lowest and highest value.
fn extremes(figure: Figure, samples: &[Sample]) -> [String; 2] {
    let known = || samples.iter().filter_map(|sample| figure.value(sample));
    [known().min(), known().max()].map(|value| shown(figure, value))
}

fn shown(figure: Figure, value: Option<u64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| figure.show(value))
}

/// `+54,000 (±1,200)`; `-` where the time is too short for a rate.
fn per_hour(figure: Figure, trend: Trend) -> String {
    match rate(figure, trend) {
        Some(rate) => format!("+{rate}"),
        None if trend == Trend::Steady => "no growth".to_owned(),
        None => "-".to_owned(),
    }
}
