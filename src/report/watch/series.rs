//! What is shown together: measurements, and earlier ones to compare them with.

use std::time::Duration;

use super::figure::{Figure, exact};
use crate::host::kmem::{MEMORY_CGROUP_IDS, Origin, Sample, Trend, counts_removed};

/// Measurements under the name by which they are shown.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// The name.
    pub label: &'a str,
    /// Where they were made.
    pub origin: &'a Origin,
    /// By their time.
    pub samples: &'a [Sample],
    /// Whether the last one was made just now, so that a forecast counts from now.
    pub live: bool,
}

/// Measurements, and earlier ones to compare them with.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'a> {
    /// Those that the conclusion is about.
    pub series: Series<'a>,
    /// The earlier ones.
    pub earlier: Option<Series<'a>>,
}

impl<'a> Watched<'a> {
    /// All of them, the earlier ones first.
    pub(super) fn all(self) -> impl Iterator<Item = Series<'a>> {
        self.earlier.into_iter().chain([self.series])
    }
}

impl Series<'_> {
    /// Whether the kernel counts memory cgroups that were removed and are still kept, which leaked ones are. Where no
    /// kernel is told, as in CSV of older versions, it is taken for one that does.
    pub(super) fn counts_removed(&self) -> bool {
        counts_removed(self.origin.kernel.as_deref().unwrap_or_default())
    }

    /// How a figure goes on.
    pub(super) fn trend(&self, figure: Figure) -> Trend {
        Trend::of(self.samples, |sample| figure.value(sample))
    }

    /// Whether something grows by which a leak is seen.
    pub fn grows(&self) -> bool {
        let figures = [Figure::SlabCaches, Figure::WithoutProcesses];
        let counted = self.counts_removed().then_some(Figure::MemoryCgroups);
        let mut figures = figures.into_iter().chain(counted);
        figures.any(|figure| matches!(self.trend(figure), Trend::Grows { .. }))
    }

    /// How long after the last measurement all memory cgroups are in use; `None` where that cannot be told or is not so
    /// within a century.
    pub(crate) fn full_in(&self) -> Option<Duration> {
        let trend = self.trend(Figure::MemoryCgroups);
        let full = trend.until(exact(MEMORY_CGROUP_IDS));
        full.filter(|_| self.counts_removed())
    }

    /// From the first to the last measurement.
    pub(super) fn span(&self) -> Duration {
        match (self.samples.first(), self.samples.last()) {
            (Some(first), Some(last)) => Duration::from_secs_f64(last.seconds_since(first)),
            _ => Duration::ZERO,
        }
    }
}
