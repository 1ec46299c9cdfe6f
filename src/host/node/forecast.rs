//! When the memory cgroups of a node are used up.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::host::kmem::{MEMORY_CGROUP_IDS, Sample, Trend};

/// Measurements of `kmem watch`, as far as they are about this node as it runs now.
#[derive(Debug, Clone, Default)]
pub struct Measurements {
    /// Those since the machine was started: a reboot removes what was leaked before.
    samples: Vec<Sample>,
    /// How many are older.
    before_boot: usize,
}

/// What the measurements say about the time that is left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Forecast {
    /// Nothing was measured.
    NotMeasured,
    /// Everything was measured before the machine was started.
    BeforeBoot,
    /// Too few measurements, or in too short a time.
    TooShort,
    /// No growth, or so slow that they last for longer than a century.
    Steady,
    /// The kernel does not count the memory cgroups that leak.
    NotCounted,
    /// They are used up at that time.
    Full(Timestamp),
}

impl Measurements {
    /// Those of `samples` that were made since this machine was started. Where that is not known, all of them.
    pub fn since_boot(samples: Vec<Sample>) -> Self {
        Self::since(samples, boot_time(Path::new("/proc")))
    }

    fn since(samples: Vec<Sample>, boot: Option<Timestamp>) -> Self {
        let all = samples.len();
        let is_new = |sample: &Sample| boot.is_none_or(|boot| sample.time >= boot);
        let samples: Vec<_> = samples.into_iter().filter(is_new).collect();
        Self {
            before_boot: all - samples.len(),
            samples,
        }
    }

    /// The forecast, for a kernel that counts memory cgroups that leaked or does not.
    pub fn forecast(&self, counts_removed: bool) -> Forecast {
        let Some(last) = self.samples.last() else {
            return match self.before_boot {
                0 => Forecast::NotMeasured,
                _ => Forecast::BeforeBoot,
            };
        };
        if !counts_removed {
            return Forecast::NotCounted;
        }
        let trend = Trend::of(&self.samples, |sample| sample.memory_cgroups);
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let left = trend.until(MEMORY_CGROUP_IDS as f64);
        match (trend, left.and_then(|left| later(last.time, left))) {
            (Trend::TooShort, _) => Forecast::TooShort,
            (_, Some(full)) => Forecast::Full(full),
            (_, None) => Forecast::Steady,
        }
    }
}

fn later(time: Timestamp, by: Duration) -> Option<Timestamp> {
    let by = SignedDuration::try_from(by).ok()?;
    time.checked_add(by).ok()
}

/// When the machine was started, by `stat` below `proc`.
fn boot_time(proc: &Path) -> Option<Timestamp> {
    let text = fs::read(proc.join("stat")).ok()?;
    let text = String::from_utf8_lossy(&text);
    let seconds = text.lines().find_map(|line| line.strip_prefix("btime "))?;
    Timestamp::from_second(seconds.trim().parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::kmem::SAMPLE_FORMAT;

    const START: i64 = 1_600_000_000;

    fn sample(minute: u32, memory_cgroups: u64) -> Sample {
        Sample {
            format: SAMPLE_FORMAT,
            time: Timestamp::from_second(START + i64::from(minute) * 60).unwrap(),
            slab_caches: None,
            memory_cgroups: Some(memory_cgroups),
            cgroups_found: None,
            cgroups_without_processes: None,
            cgroups_on: None,
            kernel_memory_bytes: None,
        }
    }

    #[test]
    fn what_grows_is_full_at_a_time_and_what_was_before_the_start_does_not_count() {
        let boot = Timestamp::from_second(START).ok();
        let growing: Vec<_> = (0..30)
            .map(|minute| sample(minute, 535 + 100 * u64::from(minute)))
            .collect();
        let measured = Measurements::since(growing.clone(), boot);
        let Forecast::Full(full) = measured.forecast(true) else {
            panic!("{:?}", measured.forecast(true));
        };
        // 65,000 more, 100 in a minute.
        let minutes = (full.as_second() - START) / 60;
        assert!((649..=651).contains(&minutes), "{minutes}");
        assert_eq!(measured.forecast(false), Forecast::NotCounted);
        let late = Timestamp::from_second(START + 86_400).ok();
        let old = Measurements::since(growing.clone(), late);
        assert_eq!(old.forecast(true), Forecast::BeforeBoot);
        let short = Measurements::since(growing[..3].to_vec(), None);
        assert_eq!(short.forecast(true), Forecast::TooShort);
        let steady = (0..30).map(|minute| sample(minute, 500)).collect();
        assert_eq!(
            Measurements::since(steady, boot).forecast(true),
            Forecast::Steady
        );
        assert_eq!(
            Measurements::default().forecast(true),
            Forecast::NotMeasured
        );
    }

    #[test]
    fn the_start_of_this_machine_is_in_the_past() {
        let boot = boot_time(Path::new("/proc")).expect("a time");
        assert!(boot <= Timestamp::now());
        assert_eq!(boot_time(Path::new("/nowhere")), None);
    }
}
