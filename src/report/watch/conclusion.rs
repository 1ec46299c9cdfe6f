//! What the measurements say, in a sentence.

use super::figure::{Figure, exact};
use super::number::{about, thousands, with_uncertainty};
use super::series::{Series, Watched};
use crate::host::kmem::{LEAST_SPAN, MEMORY_CGROUP_IDS, Trend};

/// The sentence; where there are earlier measurements, followed by what those say.
pub fn watch_conclusion(watched: Watched<'_>) -> String {
    match watched.earlier {
        None => sentence(&watched.series),
        Some(earlier) => format!(
            "{}: {}; {}: {}",
            watched.series.label,
            sentence(&watched.series),
            earlier.label,
            sentence(&earlier)
        ),
    }
}

/// What one series says.
pub(super) fn sentence(series: &Series<'_>) -> String {
    let cgroups = series.trend(Figure::MemoryCgroups);
    if series.counts_removed()
        && let Some(rate) = rate(Figure::MemoryCgroups, cgroups)
    {
        let limit = thousands(exact(MEMORY_CGROUP_IDS));
        let full = match series.full_in().map(about) {
            None => "not full within a century".to_owned(),
            Some(left) if series.live => format!("full ({limit}) in {left}"),
            Some(left) => format!("full ({limit}) {left} after the last measurement"),
        };
        return format!("memory cgroups grow by {rate} per hour: {full}");
    }
    for figure in [Figure::SlabCaches, Figure::WithoutProcesses] {
        if let Some(rate) = rate(figure, series.trend(figure)) {
            let unknown = if series.counts_removed() {
                ""
            } else {
                "; this kernel does not count leaked memory cgroups, so when they are full cannot be told"
            };
            return format!("{} grow by {rate} per hour{unknown}", figure.title());
        }
    }
    match (cgroups, series.trend(Figure::SlabCaches)) {
        (Trend::TooShort, Trend::TooShort) => format!(
            "too short to tell: measure for at least {}",
            about(LEAST_SPAN)
        ),
        _ => format!("no growth seen in {}", about(series.span())),
    }
}

/// `54,000 (±1,200)`; `None` where it does not grow.
pub(super) fn rate(figure: Figure, trend: Trend) -> Option<String> {
    let Trend::Grows {
        per_hour,
        uncertainty,
        ..
    } = trend
    else {
        return None;
    };
    let (per_hour, uncertainty) = with_uncertainty(per_hour, uncertainty);
    let show = |number: f64| figure.show_number(number);
    Some(format!("{} (±{})", show(per_hour), show(uncertainty)))
}
