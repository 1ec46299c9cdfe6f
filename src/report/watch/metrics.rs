//! The forecast as metrics. None of them is one of `kmem status`, so that both can be collected from one machine.

use super::figure::Figure;
use super::series::Series;
use crate::host::kmem::Trend;
use crate::report::metrics::{Metrics, name};

/// The metrics, all of them gauges. What the time does not support is left out.
pub fn watch_metrics(series: &Series<'_>) -> String {
    let metrics = Metrics::new("kmembuild_kmem");
    let trends = Figure::ALL.map(|figure| (figure, series.trend(figure)));
    metrics.family(
        "growth_per_hour",
        "Growth per hour, by figure; 0 if it does not grow by more than what it varies by.",
        &["figure"],
        trends
            .into_iter()
            .filter_map(|(figure, trend)| match trend {
                Trend::TooShort => None,
                Trend::Steady => Some((vec![name(figure)], 0.0)),
                Trend::Grows { per_hour, .. } => Some((vec![name(figure)], per_hour)),
            }),
    );
    metrics.family(
        "growth_per_hour_uncertainty",
        "Twice the standard error of the growth per hour, by figure.",
        &["figure"],
        trends
            .into_iter()
            .filter_map(|(figure, trend)| match trend {
                Trend::Grows { uncertainty, .. } => Some((vec![name(figure)], uncertainty)),
                Trend::TooShort | Trend::Steady => None,
            }),
    );
    metrics.family(
        "full_in_seconds",
        "Seconds from the last measurement until all memory cgroups are in use; only if they grow and the kernel counts leaked ones.",
        &[],
        series
            .full_in()
            .map(|left| (Vec::new(), left.as_secs_f64().round())),
    );
    metrics.family(
        "watched_seconds",
        "Seconds from the first to the last measurement.",
        &[],
        [(Vec::new(), series.span().as_secs_f64())],
    );
    let last = series.samples.last();
    metrics.family(
        "watch_last_measurement_timestamp_seconds",
        "Time of the last measurement.",
        &[],
        last.map(|sample| {
            let time = sample.time.as_duration().as_secs_f64();
            (Vec::new(), time)
        }),
    );
    metrics.text()
}
