//! The measurements in numbers.

use serde::Serialize;

use super::figure::Figure;
use crate::host::kmem::{LEAST_SPAN, Sample, Trend};
use crate::report::json::json_document;
use crate::report::summary::Summary;

/// All samples as one versioned JSON document, with the trend of memory cgroups and the sentence that concludes.
pub fn watch_json(samples: &[Sample], conclusion: &str) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Watched<'a> {
        verdict: &'a str,
        memory_cgroups: Trend,
        samples: &'a [Sample],
    }
    json_document(&Watched {
        verdict: conclusion,
        memory_cgroups: Trend::of(samples, |sample| sample.memory_cgroups),
        samples,
    })
}

/// A table with one row for each figure: first, last, lowest and highest value, growth per hour, and the growth per hour in
/// the earlier measurements.
pub fn watch_summary(samples: &[Sample], before: Option<&[Sample]>, terminal: bool) -> String {
    summary(samples, before).table(1, terminal)
}

pub(super) fn summary(samples: &[Sample], before: Option<&[Sample]>) -> Summary {
    let mut head = vec!["figure", "first", "last", "lowest", "highest", "per hour"];
    if before.is_some() {
        head.push("per hour before");
    }
    let rows = Figure::ALL.into_iter().map(|figure| {
        let mut row = vec![figure.title().to_owned()];
        row.extend(course(figure, samples));
        row.extend(before.map(|before| per_hour(figure, before)));
        row
    });
    Summary {
        head,
        rows: rows.collect(),
    }
}

/// First, last, lowest and highest value, and change per hour.
pub(super) fn course(figure: Figure, samples: &[Sample]) -> [String; 5] {
    let known: Vec<_> = samples
        .iter()
        .filter_map(|sample| figure.value(sample))
        .collect();
    let show =
        |value: Option<&u64>| value.map_or_else(|| "-".to_owned(), |&value| figure.show(value));
    [
        show(known.first()),
        show(known.last()),
        show(known.iter().min()),
        show(known.iter().max()),
        per_hour(figure, samples),
    ]
}

/// Change per hour from the first to the last known value; `-` where the time is too short for a rate.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an approximate rate"
)]
fn per_hour(figure: Figure, samples: &[Sample]) -> String {
    let mut known = samples
        .iter()
        .filter(|sample| figure.value(sample).is_some());
    let (Some(first), Some(last)) = (known.next(), known.next_back()) else {
        return "-".to_owned();
    };
    let seconds = last.seconds_since(first);
    if seconds < LEAST_SPAN.as_secs_f64() {
        return "-".to_owned();
    }
    let value = |sample| figure.value(sample).unwrap_or_default() as f64;
    let change = (value(last) - value(first)) * 3600.0 / seconds;
    let sign = if change < 0.0 { "-" } else { "+" };
    format!("{sign}{}", figure.show(change.abs().round() as u64))
}
