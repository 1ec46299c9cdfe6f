//! What the measurements say, in a sentence.

use std::time::Duration;

use super::figure::Figure;
use crate::host::kmem::{LEAST_SPAN, MEMORY_CGROUP_IDS, Sample, Trend};
use crate::report::plain::duration;

/// The sentence. `counts_removed`: whether the kernel counts memory cgroups that were removed and are still kept, which
/// leaked ones are.
pub fn watch_conclusion(samples: &[Sample], counts_removed: bool) -> String {
    let trend = |figure: Figure| Trend::of(samples, |sample| figure.value(sample));
    let cgroups = trend(Figure::MemoryCgroups);
    if counts_removed && let Trend::Grows { .. } = cgroups {
        let limit = f64::from(u32::try_from(MEMORY_CGROUP_IDS).unwrap_or(u32::MAX));
        let full = cgroups.until(limit).map_or_else(
            || "not full within a century".to_owned(),
            |left| format!("full ({}) in {}", thousands(limit), about(left)),
        );
        return format!("memory cgroups grow by {}: {full}", rate(cgroups));
    }
    for figure in [Figure::SlabCaches, Figure::WithoutProcesses] {
        let trend = trend(figure);
        if let Trend::Grows { .. } = trend {
            let unknown = if counts_removed {
                ""
            } else {
                "; this kernel does not count leaked memory cgroups, so when they are full cannot be told"
            };
            return format!("{} grow by {}{unknown}", figure.title(), rate(trend));
        }
    }
    match (cgroups, trend(Figure::SlabCaches)) {
        (Trend::TooShort, Trend::TooShort) => format!(
            "too short to tell: measure for at least {}",
            about(LEAST_SPAN)
        ),
        _ => format!("no growth seen in {}", about(span(samples))),
    }
}

fn span(samples: &[Sample]) -> Duration {
    match (samples.first(), samples.last()) {
        (Some(first), Some(last)) => Duration::from_secs_f64(last.seconds_since(first)),
        _ => Duration::ZERO,
    }
}

/// `54,000 (±1,200) an hour`.
fn rate(trend: Trend) -> String {
    let Trend::Grows {
        per_hour,
        uncertainty,
        ..
    } = trend
    else {
        return "nothing".to_owned();
    };
    format!(
        "{} (±{}) per hour",
        thousands(significant(per_hour)),
        thousands(significant(uncertainty))
    )
}

/// A number with two digits that are not zero, as it is not known better.
fn significant(number: f64) -> f64 {
    if number < 1.0 {
        return number.ceil();
    }
    let unit = 10_f64.powf((number.log10().floor() - 1.0).max(0.0));
    (number / unit).round() * unit
}

/// A whole number with commas.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time without its least parts: `12 minutes`, `3 hours`, `40 days`.
fn about(time: Duration) -> String {
    let minutes = time.as_secs_f64() / 60.0;
    let of = |number: f64, unit: &str| match number.round() {
        1.0 => format!("1 {unit}"),
        number => format!("{} {unit}s", thousands(number)),
    };
    match minutes {
        ..1.0 => duration(time),
        ..120.0 => of(minutes, "minute"),
        ..2880.0 => of(minutes / 60.0, "hour"),
        _ => of(minutes / 1440.0, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_have_the_digits_that_are_known() {
        let rounded = [54_321.0, 999.0, 42.4, 0.2].map(significant).map(thousands);
        assert_eq!(rounded, ["54,000", "1,000", "42", "1"]);
        let times = [30, 60, 725, 7_200, 90_000, 200_000, 8_640_000];
        let times = times.map(|seconds| about(Duration::from_secs(seconds)));
        assert_eq!(
            times,
            [
                "30.0 s",
                "1 minute",
                "12 minutes",
                "2 hours",
                "25 hours",
                "2 days",
                "100 days"
            ]
        );
    }
}
