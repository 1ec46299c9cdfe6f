//! Axes of time: by the clock, or since the start.

use jiff::{SignedDuration, Timestamp};

use super::axis::{Axis, Mark, round};

/// Steps of time, in seconds, that people count in.
const TIMES: [f64; 19] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
    10_800.0, 21_600.0, 43_200.0, 86_400.0, 604_800.0,
];
const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;
/// Most steps of an axis.
const STEPS: f64 = 6.0;
/// The least distance from a mark to an end, in steps: both are written. Labels of ends may be long.
const DISTANCE: f64 = 0.6;
const LONG_DISTANCE: f64 = 0.99;
/// Most characters of a label that is not long.
const SHORT: usize = 8;

/// An axis from 0 to `end` seconds, marked with the time since the start.
pub(super) fn elapsed(end: f64) -> Axis {
    let marks = round_marks(0.0, end, time_label);
    axis(end, time_label(0.0), time_label(end), marks)
}

/// An axis from 0 to `end` seconds, marked with the clock's time when it is `first` at 0, in UTC.
pub(super) fn clock(first: Timestamp, end: f64) -> Axis {
    let step = step(end);
    let form = match step {
        _ if step < MINUTE => "%H:%M:%S",
        _ if step < DAY => "%H:%M",
        _ => "%m-%d",
    };
    let label = |time: Timestamp, form| time.strftime(form).to_string();
    let begin = first.as_duration().as_secs_f64();
    let marks = round_marks(begin, end, |at| {
        // Round times are whole seconds, which a sum of fractions misses by a little.
        let time = after(Timestamp::UNIX_EPOCH, (begin + at).round());
        let is_midnight = (begin + at).round().rem_euclid(DAY) < 0.5;
        label(time, if is_midnight { "%m-%d" } else { form })
    });
    let ends = match end {
        _ if step >= 7.0 * DAY => form,
        _ if dates(first, end).contains(' ') => "%m-%d %H:%M",
        _ if end < MINUTE => "%H:%M:%S",
        _ => form,
    };
    axis(
        end,
        label(first, ends),
        label(after(first, end), ends),
        marks,
    )
}

/// The dates of a clock's axis: `2026-11-28`, or the first and the last.
pub(super) fn dates(first: Timestamp, end: f64) -> String {
    let date = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
    let (first, last) = (date(first), date(after(first, end)));
    if first == last {
        first
    } else {
        format!("{first} to {last}")
    }
}

/// So many seconds after a time.
pub(super) fn after(time: Timestamp, seconds: f64) -> Timestamp {
    let later = SignedDuration::try_from_secs_f64(seconds).ok();
    let later = later.and_then(|seconds| time.checked_add(seconds).ok());
    later.unwrap_or(time)
}

/// A time in at most two units: `1 min 30 s`, `2 h`, `3 d 4 h`.
pub(super) fn time_label(seconds: f64) -> String {
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1.0, "s")];
    let seconds = seconds.round();
    let first = units.iter().position(|(unit, _)| seconds >= *unit);
    let Some(first) = first else {
        return "0".to_owned();
    };
    let (unit, name) = units[first];
    let text = format!("{:.0} {name}", (seconds / unit).floor());
    match units.get(first + 1) {
        Some((next, name)) if seconds % unit >= *next => {
            format!("{text} {:.0} {name}", (seconds % unit / next).floor())
        }
        _ => text,
    }
}

fn step(end: f64) -> f64 {
    let step = TIMES.into_iter().find(|step| end / step <= STEPS);
    step.unwrap_or_else(|| round(end / STEPS / DAY) * DAY)
}

/// A mark at each step after `begin`, in seconds from `begin`.
fn round_marks(begin: f64, end: f64, label: impl Fn(f64) -> String) -> Vec<Mark> {
    let step = step(end);
    let next = (begin / step).ceil() * step - begin;
    let places = (0..10).map(|number| next + f64::from(number) * step);
    let mark = |at| Mark {
        at,
        label: label(at),
    };
    places.take_while(|at| *at < end).map(mark).collect()
}

/// The axis with marks at its ends, and between them those that are away from both. Of one moment it has only one mark, in its middle.
fn axis(end: f64, first: String, last: String, between: Vec<Mark>) -> Axis {
    let mark = |at, label| Mark { at, label };
    let (low, high, marks) = if end > 0.0 {
        let distance = |label: &str| {
            let is_long = label.chars().count() > SHORT;
            step(end) * if is_long { LONG_DISTANCE } else { DISTANCE }
        };
        let (from, to) = (distance(&first), end - distance(&last));
        let between = between.into_iter();
        let between = between.filter(|mark| mark.at > from && mark.at < to);
        let ends = (mark(0.0, first), mark(end, last));
        let marks = std::iter::once(ends.0).chain(between).chain([ends.1]);
        (0.0, end, marks.collect())
    } else {
        (-1.0, 1.0, vec![mark(0.0, first)])
    };
    Axis {
        low,
        high,
        top: 1.0,
        marks,
        limit: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> String {
        let labels = axis.marks.iter().map(|mark| mark.label.as_str());
        labels.collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn times_are_marked_as_people_count_them_and_at_their_end() {
        for (end, text) in [
            (0.0, "0"),
            (95.0, "0 | 30 s | 1 min | 1 min 35 s"),
            (
                3600.0,
                "0 | 10 min | 20 min | 30 min | 40 min | 50 min | 1 h",
            ),
            (
                3590.0,
                "0 | 10 min | 20 min | 30 min | 40 min | 59 min 50 s",
            ),
            (100.0 * DAY, "0 | 20 d | 40 d | 60 d | 80 d | 100 d"),
        ] {
            assert_eq!(labels(&elapsed(end)), text, "{end}");
        }
        assert_eq!(time_label(3.0 * DAY + 4.4 * HOUR), "3 d 4 h");
        assert_eq!(time_label(HOUR + 4.0), "1 h");
    }

    #[test]
    fn a_clock_is_marked_at_its_round_times_and_at_both_ends() {
        let first: Timestamp = "2026-11-28T23:03:07.177Z".parse().expect("a time");
        for (end, text) in [
            (0.0, "23:03:07"),
            (40.0, "23:03:07 | 23:03:20 | 23:03:30 | 23:03:40 | 23:03:47"),
            (3000.0, "23:03 | 23:10 | 23:20 | 23:30 | 23:40 | 23:53"),
            (2.0 * HOUR, "11-28 23:03 | 11-29 | 00:30 | 11-29 01:03"),
            (
                5.0 * DAY,
                "11-28 23:03 | 11-30 | 12-01 | 12-02 | 12-03 23:03",
            ),
        ] {
            assert_eq!(labels(&clock(first, end)), text, "{end}");
        }
        assert_eq!(dates(first, 40.0), "2026-11-28");
        assert_eq!(dates(first, HOUR), "2026-11-28 to 2026-11-29");
        let axis = clock(first, 3000.0);
        assert!((axis.part(3000.0) - 1.0).abs() < 1e-9);
        // One moment is in the middle.
        assert!((clock(first, 0.0).part(0.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn the_ends_of_all_times_have_an_axis() {
        let end = Timestamp::MAX.duration_since(Timestamp::MIN).as_secs_f64();
        for axis in [
            clock(Timestamp::MIN, end),
            elapsed(end),
            clock(Timestamp::MAX, 1.0),
        ] {
            assert!(axis.marks.len() <= 10, "{axis:?}");
            assert!(axis.marks.is_sorted_by(|a, b| a.at < b.at), "{axis:?}");
        }
    }
}
