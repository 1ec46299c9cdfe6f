//! The curve of a figure.

use super::figure::{Figure, exact};
use crate::host::kmem::Sample;

/// A part of a curve: one measurement, or of very many those of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stretch {
    /// Seconds from the first measurement of the curve to the first one of the stretch.
    pub(super) start: f64,
    /// The same to its last one.
    pub(super) end: f64,
    /// The values; `None` is a gap.
    pub(super) values: Option<Values>,
}

/// The values of a stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Values {
    pub(super) lowest: u64,
    pub(super) highest: u64,
    pub(super) mean: f64,
}

/// The curve of a figure in at most `most` stretches and two more: the first and the last measurement are always alone, as
/// these are what people look for. Nothing is lost between: each stretch has its lowest and its highest value.
pub(super) fn curve(figure: Figure, samples: &[Sample], most: usize) -> Vec<Stretch> {
    let [first, between @ .., last] = samples else {
        return samples
            .iter()
            .map(|sample| stretch(figure, sample, std::slice::from_ref(sample)))
            .collect();
    };
    let length = between.len().div_ceil(most.max(1)).max(1);
    let parts = between.chunks(length);
    let ends = |sample| std::iter::once(std::slice::from_ref(sample));
    let parts = ends(first).chain(parts).chain(ends(last));
    parts.map(|part| stretch(figure, first, part)).collect()
}

fn stretch(figure: Figure, first: &Sample, part: &[Sample]) -> Stretch {
    let since = |sample: Option<&Sample>| sample.map_or(0.0, |sample| sample.seconds_since(first));
    let known = || part.iter().filter_map(|sample| figure.value(sample));
    let values = known().min().zip(known().max());
    let values = values.map(|(lowest, highest)| {
        let (count, sum) = known().fold((0.0, 0.0), |(count, sum), value| {
            (count + 1.0, sum + exact(value))
        });
        Values {
            lowest,
            highest,
            mean: sum / count,
        }
    });
    Stretch {
        start: since(part.first()),
        end: since(part.last()),
        values,
    }
}

/// The parts of a curve between its gaps.
pub(super) fn pieces(curve: &[Stretch]) -> impl Iterator<Item = Vec<(Stretch, Values)>> {
    let pieces = curve.split(|stretch| stretch.values.is_none());
    let known = |piece: &[Stretch]| {
        let known = piece.iter().copied();
        known
            .filter_map(|stretch| Some((stretch, stretch.values?)))
            .collect()
    };
    pieces
        .map(known)
        .filter(|piece: &Vec<(Stretch, Values)>| !piece.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::kmem::SAMPLE_FORMAT;

    const MOST: usize = 100;

    fn sample(second: i64, slabs: Option<u64>) -> Sample {
        Sample {
            format: SAMPLE_FORMAT,
            time: jiff::Timestamp::from_second(second).expect("a time"),
            slab_caches: slabs,
            memory_cgroups: None,
            cgroups_found: None,
            cgroups_without_processes: None,
            cgroups_on: None,
            kernel_memory_bytes: None,
        }
    }

    fn drawn(samples: &[Sample]) -> Vec<Stretch> {
        curve(Figure::SlabCaches, samples, MOST)
    }

    /// A stretch of one measurement.
    fn one(second: f64, value: Option<u64>) -> Stretch {
        Stretch {
            start: second,
            end: second,
            values: value.map(|value| Values {
                lowest: value,
                highest: value,
                mean: exact(value),
            }),
        }
    }

    #[test]
    fn a_long_watch_is_drawn_with_its_peaks_and_its_ends() {
        let slabs = |second| if second == 4321 { 9999 } else { 400 };
        let samples: Vec<_> = (0..20_000)
            .map(|second| sample(second, Some(slabs(second))))
            .collect();
        let curve = drawn(&samples);
        assert!(curve.len() <= MOST + 2, "{}", curve.len());
        let peak = curve
            .iter()
            .find(|stretch| (stretch.start..=stretch.end).contains(&4321.0))
            .and_then(|stretch| stretch.values)
            .expect("a stretch with values");
        assert_eq!((peak.lowest, peak.highest), (400, 9999));
        assert!(peak.mean > 400.0 && peak.mean < 500.0, "{peak:?}");
        assert_eq!(curve[0], one(0.0, Some(400)));
        assert_eq!(curve.last(), Some(&one(19_999.0, Some(400))));
        assert!(curve.is_sorted_by(|a, b| a.end < b.start));
    }

    #[test]
    fn what_was_not_known_once_hides_nothing_of_a_long_watch() {
        let slabs = |second| match second {
            500 | 502 | 2000..4000 => None,
            501 => Some(7),
            _ => Some(400),
        };
        let samples: Vec<_> = (0..20_000)
            .map(|second| sample(second, slabs(second)))
            .collect();
        let curve = drawn(&samples);
        let lowest = curve.iter().filter_map(|stretch| stretch.values);
        assert_eq!(lowest.map(|values| values.lowest).min(), Some(7));
        let gaps: Vec<_> = curve
            .iter()
            .filter(|stretch| stretch.values.is_none())
            .collect();
        assert!(gaps.len() >= 8, "{gaps:?}");
        assert!(
            gaps.iter()
                .all(|gap| gap.start >= 2000.0 && gap.end < 4000.0),
            "{gaps:?}"
        );
        assert_eq!(pieces(&curve).count(), 2);
    }

    #[test]
    fn what_was_not_known_is_a_gap() {
        let samples = [sample(0, Some(1)), sample(1, None), sample(2, Some(3))];
        let expected = vec![one(0.0, Some(1)), one(1.0, None), one(2.0, Some(3))];
        assert_eq!(drawn(&samples), expected);
        assert_eq!(pieces(&expected).count(), 2);
        assert_eq!(drawn(&samples[..1]), expected[..1]);
        assert_eq!(drawn(&[]), vec![]);
    }
}
