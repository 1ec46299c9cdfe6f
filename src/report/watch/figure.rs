//! The measured figures and their curves.

use bytesize::ByteSize;
use serde::Serialize;

use super::axis::Axis;
use crate::host::kmem::Sample;

/// A measured figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// Slab caches of the kernel.
    SlabCaches,
    /// Memory cgroups in use.
    MemoryCgroups,
    /// Memory cgroups without processes.
    WithoutProcesses,
    /// Kernel memory of pods and containers.
    KernelMemory,
}

impl Figure {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::SlabCaches,
        Self::MemoryCgroups,
        Self::WithoutProcesses,
        Self::KernelMemory,
    ];

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::SlabCaches => "slab caches",
            Self::MemoryCgroups => "memory cgroups in use",
            Self::WithoutProcesses => "cgroups without processes",
            Self::KernelMemory => "kernel memory of pods and containers",
        }
    }

    /// Its value in a sample, if known.
    pub fn value(self, sample: &Sample) -> Option<u64> {
        match self {
            Self::SlabCaches => sample.slab_caches,
            Self::MemoryCgroups => sample.memory_cgroups,
            Self::WithoutProcesses => sample.cgroups_without_processes,
            Self::KernelMemory => sample.kernel_memory_bytes,
        }
    }

    /// Whether it counts bytes.
    pub fn is_bytes(self) -> bool {
        self == Self::KernelMemory
    }

    /// A value of it for people.
    pub fn show(self, value: u64) -> String {
        if self.is_bytes() {
            ByteSize(value).to_string()
        } else {
            value.to_string()
        }
    }
}

/// A curve: seconds since the first sample, and the value at that time. An unknown value is a gap.
pub(super) type Curve = Vec<Point>;

/// A point of a curve.
type Point = (f64, Option<f64>);

/// Most points of a curve: more than there are dots to draw them on.
const POINTS: usize = 1200;

/// The curve of a figure. Of very many samples the lowest and the highest of each stretch are kept, so that no peak is
/// lost; a stretch without any known value is a gap.
pub(super) fn curve(figure: Figure, samples: &[Sample]) -> Curve {
    let Some(first) = samples.first() else {
        return Vec::new();
    };
    let point = |sample: &Sample| (sample.seconds_since(first), figure.value(sample).map(exact));
    if samples.len() <= POINTS {
        return samples.iter().map(point).collect();
    }
    let stretch = samples.len().div_ceil(POINTS / 2);
    let mut curve = Vec::with_capacity(POINTS);
    for samples in samples.chunks(stretch) {
        let points: Curve = samples.iter().map(point).collect();
        let known = || points.iter().filter(|point| point.1.is_some());
        let lowest = known().min_by(|a, b| order(a, b));
        let highest = known().max_by(|a, b| order(a, b));
        match lowest.zip(highest) {
            Some((lowest, highest)) if lowest == highest => curve.push(*lowest),
            Some((lowest, highest)) if lowest.0 > highest.0 => curve.extend([highest, lowest]),
            Some((lowest, highest)) => curve.extend([lowest, highest]),
            None => curve.extend(points.first()),
        }
    }
    // The last value is what people look for.
    curve.extend(samples.last().map(point));
    curve
}

/// The axes, of time and of values, on which all points of the curves of a figure are.
pub(super) fn axes(figure: Figure, curves: [&Curve; 2]) -> (Axis, Axis) {
    let points = || curves.into_iter().flatten();
    let values = || points().filter_map(|point| point.1);
    let low = values().reduce(f64::min).unwrap_or_default();
    let high = values().fold(0.0, f64::max);
    let end = points().map(|point| point.0).fold(0.0, f64::max);
    let y = Axis::of_values(low, high, figure.is_bytes());
    (Axis::of_time(end), y)
}

/// By their values.
fn order(a: &Point, b: &Point) -> std::cmp::Ordering {
    a.1.partial_cmp(&b.1).unwrap_or(std::cmp::Ordering::Equal)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what is drawn need not be exact, and counts and bytes of one machine are far below 2^53"
)]
pub(crate) fn exact(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::kmem::SAMPLE_FORMAT;

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

    #[test]
    fn a_long_watch_is_drawn_with_its_peaks_and_its_ends() {
        let slabs = |second| if second == 4321 { 9999 } else { 400 };
        let samples: Vec<_> = (0..20_000)
            .map(|second| sample(second, Some(slabs(second))))
            .collect();
        let curve = curve(Figure::SlabCaches, &samples);
        assert!(curve.len() <= POINTS + 1, "{}", curve.len());
        assert!(curve.contains(&(4321.0, Some(9999.0))));
        assert_eq!(
            (curve[0], curve.last()),
            ((0.0, Some(400.0)), Some(&(19_999.0, Some(400.0))))
        );
        assert!(curve.is_sorted_by(|a, b| a.0 <= b.0));
    }

    #[test]
    fn what_was_not_known_once_hides_nothing_of_a_long_watch() {
        let slabs = |second| match second {
            500 | 502 | 2000..3000 => None,
            501 => Some(7),
            _ => Some(400),
        };
        let samples: Vec<_> = (0..20_000)
            .map(|second| sample(second, slabs(second)))
            .collect();
        let curve = curve(Figure::SlabCaches, &samples);
        assert!(curve.contains(&(501.0, Some(7.0))));
        let gaps: Vec<_> = curve.iter().filter(|point| point.1.is_none()).collect();
        assert!(gaps.len() > 20, "{gaps:?}");
        assert!(
            gaps.iter().all(|gap| (2000.0..3000.0).contains(&gap.0)),
            "{gaps:?}"
        );
    }

    #[test]
    fn what_was_not_known_is_a_gap() {
        let samples = [sample(0, Some(1)), sample(1, None), sample(2, Some(3))];
        let expected = vec![(0.0, Some(1.0)), (1.0, None), (2.0, Some(3.0))];
        assert_eq!(curve(Figure::SlabCaches, &samples), expected);
        assert_eq!(curve(Figure::SlabCaches, &[]), vec![]);
    }
}
