//! Whether a figure of a machine grows, how fast, and until when that goes well.

use std::time::Duration;

use serde::Serialize;

use super::sample::Sample;

/// Least time from the first to the last measurement from which a rate is told: pods come and go within minutes.
pub const LEAST_SPAN: Duration = Duration::from_mins(10);
/// Fewest measurements for it.
const FEWEST: usize = 6;
/// Least growth that is told, in the figure's own unit.
const LEAST_GROWTH: f64 = 10.0;
/// By how many standard errors a rate must differ from none; for a normal distribution that is so by chance in 2 of 100
/// cases.
const STANDARD_ERRORS: f64 = 2.0;

/// The highest correlation of a measurement with the next one that is reckoned with: with it, 200 measurements tell as much
/// as one.
const MOST_ALIKE: f64 = 0.99;

/// How a figure goes on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(
    tag = "trend",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Trend {
    /// There are too few measurements, or the figure is not known.
    TooShort,
    /// It does not grow by more than what it varies by.
    Steady,
    /// It grows.
    Grows {
        /// By how much in an hour: the slope of the line that fits all measurements best.
        per_hour: f64,
        /// Twice the standard error of it, in which it counts that measurements in a row are alike.
        uncertainty: f64,
        /// What it is at the time of the last measurement, by that line.
        now: f64,
    },
}

impl Trend {
    /// The trend of a figure, whose value in a sample is `value`.
    pub fn of(samples: &[Sample], value: impl Fn(&Sample) -> Option<u64>) -> Self {
        let Some(first) = samples.first() else {
            return Self::TooShort;
        };
        #[expect(clippy::cast_precision_loss, reason = "an approximate rate")]
        let points: Vec<_> = samples
            .iter()
            .filter_map(|sample| {
                let hours = sample.seconds_since(first) / 3600.0;
                Some((hours, value(sample)? as f64))
            })
            .collect();
        Self::of_points(&points)
    }

    /// The same of points: hours, and the value then.
    fn of_points(points: &[(f64, f64)]) -> Self {
        let (Some((start, _)), Some((end, _))) = (points.first(), points.last()) else {
            return Self::TooShort;
        };
        let span = end - start;
        if points.len() < FEWEST || span * 3600.0 < LEAST_SPAN.as_secs_f64() {
            return Self::TooShort;
        }
        #[expect(clippy::cast_precision_loss, reason = "not that many")]
        let number = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / number;
        let (mean_hours, mean_value) = (mean(|point| point.0), mean(|point| point.1));
        let spread: f64 = points
            .iter()
            .map(|(hours, _)| (hours - mean_hours).powi(2))
            .sum();
        let together: f64 = points
            .iter()
            .map(|(hours, value)| (hours - mean_hours) * (value - mean_value))
            .sum();
        let per_hour = together / spread;
        let at = |hours: f64| mean_value + per_hour * (hours - mean_hours);
        let rest: Vec<_> = points
            .iter()
            .map(|(hours, value)| value - at(*hours))
            .collect();
        let squares: f64 = rest.iter().map(|rest| rest.powi(2)).sum();
        let error = (squares / (number - 2.0) / spread).sqrt();
        let uncertainty = STANDARD_ERRORS * error * fewer(&rest, squares);
        if per_hour <= uncertainty || per_hour * span < LEAST_GROWTH {
            return Self::Steady;
        }
        Self::Grows {
            per_hour,
            uncertainty,
            now: at(*end),
        }
    }

    /// How long it takes until `limit` is reached; `None` where it does not grow, or for longer than a century.
    pub fn until(self, limit: f64) -> Option<Duration> {
        let Self::Grows { per_hour, now, .. } = self else {
            return None;
        };
        let hours = ((limit - now) / per_hour).max(0.0);
        (hours < 24.0 * 365.0 * 100.0).then(|| Duration::from_secs_f64(hours * 3600.0))
    }
}

/// By how much the standard error is larger because what the line leaves is alike from one measurement to the next: pods
/// that come stay for a while, so many measurements tell no more than fewer independent ones. That is the square root of
/// (1 + r) / (1 - r) for the correlation r of each rest with the next one.
fn fewer(rest: &[f64], squares: f64) -> f64 {
    let next = rest.iter().zip(rest.iter().skip(1));
    let together: f64 = next.map(|(one, next)| one * next).sum();
    let correlation = together / squares;
    if correlation > 0.0 {
        let correlation = correlation.min(MOST_ALIKE);
        ((1.0 + correlation) / (1.0 - correlation)).sqrt()
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Measurements each ten seconds of something that grows by `per_hour` and varies by up to `noise` in each.
    fn points(hours: f64, per_hour: f64, noise: f64) -> Vec<(f64, f64)> {
        let mut state = 7_u32;
        let mut points = Vec::new();
        let mut time = 0.0;
        while time <= hours {
            // A generator of Lehmer's.
            state = u32::try_from(u64::from(state) * 48_271 % 0x7fff_ffff).unwrap();
            let share = f64::from(state) / f64::from(0x7fff_ffff_u32) - 0.5;
            points.push((time, 400.0 + per_hour * time + 2.0 * noise * share));
            time += 10.0 / 3600.0;
        }
        points
    }

    #[test]
    fn a_slope_is_found_within_a_tenth_and_so_is_the_time_that_is_left() {
        for (hours, per_hour, noise) in [
            (0.25, 54_000.0, 0.0),
            (0.5, 5_400.0, 40.0),
            (1.0, 600.0, 30.0),
            (2.0, 120.0, 15.0),
            (24.0, 25.0, 20.0),
        ] {
            let trend = Trend::of_points(&points(hours, per_hour, noise));
            let Trend::Grows {
                per_hour: found,
                uncertainty,
                ..
            } = trend
            else {
                panic!("{trend:?} of {per_hour}");
            };
            assert!(
                (found / per_hour - 1.0).abs() < 0.1,
                "{trend:?} of {per_hour}"
            );
            assert!(uncertainty < per_hour * 0.2, "{trend:?} of {per_hour}");
            let left = trend.until(65_535.0).unwrap().as_secs_f64() / 3600.0;
            let right = (65_535.0 - 400.0 - per_hour * hours) / per_hour;
            assert!(
                (left / right - 1.0).abs() < 0.1,
                "{left} h instead of {right} h"
            );
        }
    }

    #[test]
    fn what_only_varies_or_shrinks_is_steady() {
        for (hours, per_hour, noise) in [
            (1.0, 0.0, 0.0),
            (1.0, 0.0, 100.0),
            (6.0, -50.0, 5.0),
            (1.0, 5.0, 0.0),
        ] {
            assert_eq!(
                Trend::of_points(&points(hours, per_hour, noise)),
                Trend::Steady,
                "{per_hour}"
            );
        }
    }

    #[test]
    fn of_a_minute_nothing_is_told() {
        assert_eq!(
            Trend::of_points(&points(0.02, 54_000.0, 0.0)),
            Trend::TooShort
        );
        assert_eq!(
            Trend::of_points(&[(0.0, 1.0), (5.0, 100.0)]),
            Trend::TooShort
        );
        assert_eq!(Trend::of_points(&[]), Trend::TooShort);
        assert_eq!(Trend::of(&[], |sample| sample.slab_caches), Trend::TooShort);
    }
}
