//! Numbers and times as people read them.

use std::time::Duration;

use crate::report::plain::duration;

/// A whole number with commas.
pub(super) fn thousands(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    if number < 0.0 && digits != "0" {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 measurement`, `2,160 measurements`.
pub(super) fn measurements(count: usize) -> String {
    let number = u32::try_from(count).unwrap_or(u32::MAX);
    let ending = if count == 1 { "" } else { "s" };
    format!("{} measurement{ending}", thousands(f64::from(number)))
}

/// A number and its uncertainty in no more digits than are known: two of the uncertainty, and those of the number that
/// are not below them.
pub(super) fn with_uncertainty(number: f64, uncertainty: f64) -> (f64, f64) {
    let unit = if uncertainty < 1.0 {
        1.0
    } else {
        10_f64.powf((uncertainty.log10().floor() - 1.0).max(0.0))
    };
    let rounded = |number: f64| (number / unit).round() * unit;
    // None that is known at all is without any.
    (rounded(number), rounded(uncertainty).max(1.0))
}

/// A time without its least parts: `12 minutes`, `3 hours`, `40 days`.
pub(crate) fn about(time: Duration) -> String {
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
        for (number, uncertainty, text) in [
            (54_321.0, 1_234.0, "54,300 ±1,200"),
            (54_321.0, 42.4, "54,321 ±42"),
            (999.6, 99.9, "1,000 ±100"),
            (3_000.0, 0.000_1, "3,000 ±1"),
            (12.0, 7.0, "12 ±7"),
        ] {
            let (number, uncertainty) = with_uncertainty(number, uncertainty);
            assert_eq!(
                format!("{} ±{}", thousands(number), thousands(uncertainty)),
                text
            );
        }
        assert_eq!(
            [-1_234.0, -0.4, 1e9, 100.0].map(thousands),
            ["-1,234", "0", "1,000,000,000", "100"]
        );
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
