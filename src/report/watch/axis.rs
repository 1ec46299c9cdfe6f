//! Axes with round numbers.

/// The part of an axis that is drawn, and where it is marked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) marks: Vec<Mark>,
}

/// A mark of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    pub(super) at: f64,
    pub(super) label: String,
}

/// Steps of time, in seconds, that people count in.
const TIMES: [f64; 19] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
    10_800.0, 21_600.0, 43_200.0, 86_400.0, 604_800.0,
];
const DAY: f64 = 86_400.0;
/// More marks than any axis has: steps are a quarter of what is drawn or more, of time a sixth.
const MOST_MARKS: u32 = 10;

impl Axis {
    /// How far along it a value is, from 0 to 1.
    pub(super) fn part(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// An axis for values from `low` to `high`. It begins at 0 unless the values are far from it.
    pub(super) fn of_values(low: f64, high: f64, bytes: bool) -> Self {
        let low = if low > 0.6 * high { low } else { 0.0 };
        // A flat curve runs through the middle. Near 2^53 and above it 1 more is lost in the rounding.
        let margin = (high * 1e-9).max(1.0);
        let (low, high) = if high - low < margin {
            ((low - margin).max(0.0), high + margin)
        } else {
            (low, high)
        };
        let (unit, name) = if bytes { unit_of(high) } else { (1.0, "") };
        let step = round((high - low) / 4.0 / unit) * unit;
        // There is no half of a cgroup, nor of a byte.
        let step = step.max(1.0);
        let low = (low / step).floor() * step;
        let high = (high / step).ceil() * step;
        // As many digits as tell one mark from the next.
        let digits = if step < unit {
            1 + digits_after_the_point(unit / step)
        } else {
            0
        };
        let label = |at: f64| format!("{:.digits$}{name}", at / unit);
        Self {
            low,
            high,
            marks: marks(low, high, step, label),
        }
    }

    /// An axis for times from 0 to `end`, in seconds.
    pub(super) fn of_time(end: f64) -> Self {
        let end = if end > 0.0 { end } else { 1.0 };
        let step = TIMES.into_iter().find(|step| end / step <= 6.0);
        let step = step.unwrap_or_else(|| round(end / 6.0 / DAY) * DAY);
        Self {
            low: 0.0,
            high: end,
            marks: marks(0.0, end, step, time_label),
        }
    }
}

/// A mark every `step`: by their number, as a sum of steps is a little more or less than what it should be.
fn marks(low: f64, high: f64, step: f64, label: impl Fn(f64) -> String) -> Vec<Mark> {
    let places = (0..MOST_MARKS).map(|number| low + f64::from(number) * step);
    let marked = places.take_while(|&at| at <= high + step / 1000.0);
    let mark = |at| Mark {
        at,
        label: label(at),
    };
    marked.map(mark).collect()
}

/// The next higher of 1, 2, 5, 10, 20, 50 and so on.
fn round(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let first = step / power;
    power
        * match first {
            _ if first <= 1.0 => 1.0,
            _ if first <= 2.0 => 2.0,
            _ if first <= 5.0 => 5.0,
            _ => 10.0,
        }
}

/// The unit for so many bytes, in bytes, and its name.
fn unit_of(bytes: f64) -> (f64, &'static str) {
    let mut unit = (1.0, " B");
    for name in [" KiB", " MiB", " GiB", " TiB"] {
        if bytes < unit.0 * 1024.0 {
            break;
        }
        unit = (unit.0 * 1024.0, name);
    }
    unit
}

/// Digits that numbers below 1 need, of which that many make 1, less one.
fn digits_after_the_point(parts: f64) -> usize {
    let (mut digits, mut counted) = (0, 10.0);
    while counted < parts {
        counted *= 10.0;
        digits += 1;
    }
    digits
}

fn time_label(seconds: f64) -> String {
    let (unit, name) = match seconds {
        0.0 => return "0".to_owned(),
        _ if seconds % DAY == 0.0 => (DAY, "d"),
        _ if seconds % 3600.0 == 0.0 => (3600.0, "h"),
        _ if seconds % 60.0 == 0.0 => (60.0, "min"),
        _ => (1.0, "s"),
    };
    format!("{:.0} {name}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> String {
        let labels = axis.marks.iter().map(|mark| mark.label.as_str());
        labels.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn values_are_marked_with_round_numbers() {
        assert_eq!(labels(&Axis::of_values(0.0, 7.0, false)), "0 2 4 6 8");
        assert_eq!(
            labels(&Axis::of_values(420.0, 431.0, false)),
            "420 425 430 435"
        );
        assert_eq!(
            labels(&Axis::of_values(100.0, 60_000.0, false)),
            "0 20000 40000 60000"
        );
        assert_eq!(labels(&Axis::of_values(16.0, 16.0, false)), "15 16 17");
        assert_eq!(labels(&Axis::of_values(0.0, 0.0, false)), "0 1");
        let mib = 1024.0 * 1024.0;
        let bytes = |low: f64, high: f64| labels(&Axis::of_values(low * mib, high * mib, true));
        assert_eq!(bytes(0.0, 7.5), "0 MiB 2 MiB 4 MiB 6 MiB 8 MiB");
        assert_eq!(bytes(2.1, 2.19), "2.10 MiB 2.15 MiB 2.20 MiB");
        assert_eq!(bytes(0.0, 1.2), "0.0 MiB 0.5 MiB 1.0 MiB 1.5 MiB");
        assert_eq!(bytes(0.0, 0.0), "0 B 1 B");
        assert_eq!(bytes(0.0, 3000.0), "0 GiB 1 GiB 2 GiB 3 GiB");
    }

    #[test]
    fn values_that_are_not_exact_any_more_are_marked_as_well() {
        // Beyond the first a neighbour is more than 1 away; the last is u64::MAX, as near as it comes.
        for value in [53, 63, 64].map(|power| 2_f64.powi(power)) {
            for bytes in [false, true] {
                for low in [value, value - 1.0, 0.9 * value, 0.0] {
                    let axis = Axis::of_values(low, value, bytes);
                    assert!((3..=6).contains(&axis.marks.len()), "{axis:?}");
                    let part = axis.part(value);
                    assert!((0.3..=1.0).contains(&part), "{part}: {axis:?}");
                    assert!(axis.marks.is_sorted_by(|a, b| a.at < b.at), "{axis:?}");
                }
            }
        }
        let exbibytes = 60.0 * 1024_f64.powi(6);
        let axis = Axis::of_values(exbibytes, exbibytes, true);
        assert!(axis.marks.len() > 2, "{axis:?}");
    }

    #[test]
    fn times_are_marked_as_people_count_them() {
        assert_eq!(labels(&Axis::of_time(0.0)), "0 1 s");
        assert_eq!(labels(&Axis::of_time(95.0)), "0 30 s 1 min 90 s");
        assert_eq!(
            labels(&Axis::of_time(3600.0)),
            "0 10 min 20 min 30 min 40 min 50 min 1 h"
        );
        assert_eq!(
            labels(&Axis::of_time(100.0 * DAY)),
            "0 20 d 40 d 60 d 80 d 100 d"
        );
    }
}
