//! Axes with round numbers.

use super::curve::Stretch;
use super::figure::{Figure, exact};
use super::number::thousands;

/// The part of an axis that is drawn, and where it is marked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Where `high` is, as a part of the whole length: 1, or less where something stands above it.
    pub(super) top: f64,
    pub(super) marks: Vec<Mark>,
    /// The line at which there is no more of what the axis counts.
    pub(super) limit: Option<Limit>,
}

/// A mark of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    pub(super) at: f64,
    pub(super) label: String,
}

/// The line of a limit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Limit {
    /// Where it is, as a part of the whole length.
    pub(super) part: f64,
    /// Whether it is where its value is on the axis. Otherwise it is far above what is measured, and at the end.
    pub(super) to_scale: bool,
    /// What stands at it, at length and in fewer words.
    pub(super) labels: [String; 2],
}

const MIB: f64 = 1024.0 * 1024.0;
/// More marks than any axis of values has: steps are a quarter of what is drawn or more.
const MOST_MARKS: u32 = 10;
/// An axis begins at 0 unless all that is drawn is in this part of it.
const NARROW: f64 = 0.1;
/// The least differences, in counts and in bytes, for which it does not: nothing is told by less.
const LEAST_COUNTS: f64 = 10.0;
const LEAST_BYTES: f64 = 65_536.0;
/// A limit is on the axis when values reach this part of it. Nothing would be seen of smaller ones.
const NEAR: f64 = 0.25;
/// The part of the length that the axis has below a limit that is far above.
const BELOW: f64 = 0.86;

impl Axis {
    /// How far along it a value is, from 0 to 1.
    pub(super) fn part(&self, value: f64) -> f64 {
        self.top * (value - self.low) / (self.high - self.low)
    }

    /// Whether an axis of values begins at 0.
    pub(super) fn begins_at_zero(&self) -> bool {
        self.low <= 0.0
    }

    /// The axis on which all values of the curves of a figure are.
    pub(super) fn of_curves(figure: Figure, curves: &[Vec<Stretch>]) -> Self {
        let values = || {
            let stretches = curves.iter().flatten();
            stretches.filter_map(|stretch| stretch.values)
        };
        let lowest = values().map(|values| values.lowest).min();
        let highest = values().map(|values| values.highest).max();
        Self::of_values(
            exact(lowest.unwrap_or_default()),
            exact(highest.unwrap_or_default()),
            figure.is_bytes(),
            figure.limit().map(exact),
        )
    }

    /// An axis for values from `low` to `high`, and for a limit.
    fn of_values(low: f64, high: f64, bytes: bool, limit: Option<f64>) -> Self {
        let near = limit.filter(|limit| high >= NEAR * limit);
        let least = if bytes {
            LEAST_BYTES.max(high / 1000.0)
        } else {
            LEAST_COUNTS
        };
        let is_narrow = high - low >= least && high - low < NARROW * high;
        let low = if is_narrow && near.is_none() {
            low
        } else {
            0.0
        };
        let high = near.map_or(high, |limit| high.max(limit));
        let high = if high > 0.0 {
            high
        } else if bytes {
            MIB
        } else {
            1.0
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
        let label = |at: f64| {
            if bytes {
                format!("{:.digits$}{name}", at / unit)
            } else {
                thousands(at)
            }
        };
        let mut axis = Self {
            low,
            high,
            top: 1.0,
            marks: marks(low, high, step, label),
            limit: None,
        };
        axis.limit = limit.map(|limit| {
            let to_scale = near.is_some();
            axis.top = if to_scale { 1.0 } else { BELOW };
            let short = format!("limit: {}", thousands(limit));
            Limit {
                part: if to_scale { axis.part(limit) } else { 1.0 },
                to_scale,
                labels: if to_scale {
                    [short.clone(), short]
                } else {
                    [format!("{short}, far above"), short]
                },
            }
        });
        axis
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
pub(super) fn round(step: f64) -> f64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> String {
        let labels = axis.marks.iter().map(|mark| mark.label.as_str());
        labels.collect::<Vec<_>>().join(" ")
    }

    fn counts(low: f64, high: f64) -> String {
        labels(&Axis::of_values(low, high, false, None))
    }

    #[test]
    fn values_are_marked_with_round_numbers() {
        assert_eq!(counts(0.0, 7.0), "0 2 4 6 8");
        assert_eq!(counts(100.0, 60_000.0), "0 20,000 40,000 60,000");
        let bytes =
            |low: f64, high: f64| labels(&Axis::of_values(low * MIB, high * MIB, true, None));
        assert_eq!(bytes(0.0, 7.5), "0 MiB 2 MiB 4 MiB 6 MiB 8 MiB");
        assert_eq!(bytes(0.0, 1.2), "0.0 MiB 0.5 MiB 1.0 MiB 1.5 MiB");
        assert_eq!(bytes(0.0, 3000.0), "0 GiB 1 GiB 2 GiB 3 GiB");
    }

    #[test]
    fn an_axis_begins_at_zero_unless_all_is_far_from_it() {
        assert_eq!(counts(420.0, 431.0), "420 425 430 435");
        assert_eq!(counts(430.0, 432.0), "0 200 400 600");
        let axis = Axis::of_values(420.0, 431.0, false, None);
        assert!(!axis.begins_at_zero());
        let mib = |low: f64, high: f64| Axis::of_values(low * MIB, high * MIB, true, None);
        assert!(mib(25.0, 50.0).begins_at_zero());
        assert_eq!(labels(&mib(2.1, 2.19)), "2.10 MiB 2.15 MiB 2.20 MiB");
    }

    #[test]
    fn one_value_has_a_plain_axis() {
        assert_eq!(counts(16.0, 16.0), "0 5 10 15 20");
        assert_eq!(counts(0.0, 0.0), "0 1");
        let bytes = |value: f64| labels(&Axis::of_values(value, value, true, None));
        assert_eq!(bytes(21.675_780_3 * MIB), "0 MiB 10 MiB 20 MiB 30 MiB");
        assert_eq!(bytes(0.0), "0.0 MiB 0.5 MiB 1.0 MiB");
    }

    #[test]
    fn a_limit_is_on_the_axis_where_it_is_near_and_above_it_where_it_is_far() {
        let limited = |low, high| Axis::of_values(low, high, false, Some(65_535.0));
        let near = limited(17_000.0, 17_500.0);
        assert_eq!(labels(&near), "0 20,000 40,000 60,000 80,000");
        let limit = near.limit.clone().expect("a limit");
        assert!((limit.part - near.part(65_535.0)).abs() < 1e-9);
        assert_eq!(
            (limit.to_scale, limit.labels[0].as_str()),
            (true, "limit: 65,535")
        );
        // What is beyond it, which no kernel has, is drawn as well.
        assert!(limited(0.0, 100_000.0).high >= 100_000.0);

        let far = limited(20.0, 315.0);
        assert_eq!(labels(&far), "0 100 200 300 400");
        let limit = far.limit.clone().expect("a limit");
        assert!(far.part(400.0) < limit.part && !limit.to_scale, "{far:?}");
        assert_eq!(limit.labels[0], "limit: 65,535, far above");
    }

    #[test]
    fn values_that_are_not_exact_any_more_are_marked_as_well() {
        // Beyond the first a neighbour is more than 1 away; the last is u64::MAX, as near as it comes.
        for value in [53, 63, 64].map(|power| 2_f64.powi(power)) {
            for bytes in [false, true] {
                for low in [value, value - 1.0, 0.95 * value, 0.0] {
                    let axis = Axis::of_values(low, value, bytes, None);
                    assert!((3..=6).contains(&axis.marks.len()), "{axis:?}");
                    let part = axis.part(value);
                    assert!((0.3..=1.0).contains(&part), "{part}: {axis:?}");
                    assert!(axis.marks.is_sorted_by(|a, b| a.at < b.at), "{axis:?}");
                }
            }
        }
        let exbibytes = 60.0 * 1024_f64.powi(6);
        let axis = Axis::of_values(exbibytes, exbibytes, true, None);
        assert!(axis.marks.len() > 2, "{axis:?}");
    }
}
