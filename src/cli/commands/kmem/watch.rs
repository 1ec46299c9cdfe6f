//! `kmembuild kmem watch`.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::hangup::or_at_hangup;
use super::hierarchy::no_hierarchy;
use super::measurements::{Csv, cannot_write};
use super::place::{folder_of, is_same};
use crate::artifacts::replace_file;
use crate::cli::args::{Format, GlobalArguments, WatchArguments};
use crate::cli::output::print;
use crate::clock;
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::host::Hierarchy;
use crate::host::kmem::{
    Detail, HierarchyError, Sample, System, find_hierarchy, read_samples, walk,
};
use crate::report::{Closing, LiveChart, watch_conclusion, watch_json, watch_page, watch_summary};

pub(crate) async fn run(
    environment: &Environment,
    global: &GlobalArguments,
    arguments: &WatchArguments,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let json = arguments.format == Format::Json;
    let before = arguments.compare.as_deref().map(read_samples).transpose();
    let before = before.map_err(|error| Failure::new(FailureKind::Usage, error))?;
    // What cannot be watched or written is reported before hours are spent.
    let hierarchy = find_hierarchy(arguments.root.as_deref()).map_err(no_hierarchy)?;
    if let Some(html) = &arguments.html {
        check_page(html, arguments)?;
    }
    // A lost connection ends the watch like Ctrl-C.
    let cancel = &or_at_hangup(cancel);
    let mut schedule = Schedule::new(arguments);
    schedule.next().await;
    // Before the file is made: an empty one would be in the way of the next attempt.
    let Some(first) = measure(&hierarchy, cancel).await? else {
        return Ok(());
    };
    let chart =
        environment.progress_terminal && environment.output_terminal && !global.quiet && !json;
    let csv = Csv::new(arguments.csv.as_deref(), !json && !chart)?;
    let mut watch = Watch {
        hierarchy,
        samples: Vec::new(),
        csv,
        live: None,
        before,
    };
    if chart {
        watch.live = LiveChart::new().ok();
    }
    let ended = watch
        .until_the_end(first, schedule, arguments.count, cancel)
        .await;
    // The screen is restored before anything is printed.
    watch.live = None;
    // Measurements are valuable even if the watch ended with an error.
    let written = finish(&watch, environment, arguments, json);
    ended.and(written)
}

/// Writes the results at the end.
fn finish(
    watch: &Watch,
    environment: &Environment,
    arguments: &WatchArguments,
    json: bool,
) -> Result<(), Failure> {
    let (before, system) = (watch.before.as_deref(), System::read());
    let conclusion = watch_conclusion(&watch.samples, system.counts_removed());
    if let Some(html) = &arguments.html {
        let page = watch_page(&system.kernel, &conclusion, &watch.samples, before);
        replace_file(html, page.as_bytes(), 0o644).map_err(|error| cannot_write(html, &error))?;
    }
    if json {
        print(&watch_json(&watch.samples, &conclusion))
    } else if matches!(watch.csv, Csv::Printed) {
        Ok(())
    } else {
        print(&watch_summary(
            &watch.samples,
            before,
            environment.output_terminal,
        ))?;
        let written = [&arguments.csv, &arguments.html];
        let written: Vec<_> = written
            .into_iter()
            .flatten()
            .map(|file| file.display().to_string())
            .collect();
        if !written.is_empty() {
            print(&format!("wrote {}\n", written.join(" and ")))?;
        }
        print(&Closing::new(conclusion).text())
    }
}

struct Watch {
    hierarchy: Hierarchy,
    samples: Vec<Sample>,
    csv: Csv,
    live: Option<LiveChart>,
    before: Option<Vec<Sample>>,
}

impl Watch {
    /// Records the first measurement and makes those that follow.
    async fn until_the_end(
        &mut self,
        first: Sample,
        mut schedule: Schedule,
        count: Option<u64>,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        let mut sample = first;
        loop {
            let goes_on = self.take(sample)?;
            let enough = count.is_some_and(|count| self.samples.len() as u64 >= count);
            if enough || !goes_on {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(()),
                due = schedule.next() => if !due { return Ok(()) },
            }
            let Some(next) = measure(&self.hierarchy, cancel).await? else {
                return Ok(());
            };
            sample = next;
        }
    }

    /// Writes, keeps and draws a measurement. Returns false when nobody reads the lines any more.
    fn take(&mut self, sample: Sample) -> Result<bool, Failure> {
        let first = self.samples.is_empty();
        let goes_on = self.csv.add(&sample, first);
        // A measurement that could not be written is still a point of the curves.
        self.samples.push(sample);
        let goes_on = goes_on?;
        if let Some(live) = &mut self.live {
            // Losing the terminal does not end the watch.
            if live.draw(&self.samples, self.before.as_deref()).is_err() {
                self.live = None;
            }
        }
        Ok(goes_on)
    }
}

/// When to measure.
struct Schedule {
    ticks: Interval,
    end: Option<Instant>,
}

impl Schedule {
    /// A schedule that starts now.
    fn new(arguments: &WatchArguments) -> Self {
        let mut ticks = interval(arguments.interval.0.max(Duration::from_millis(10)));
        // After a walk that took longer than the interval, nothing is caught up.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let end = arguments
            .duration
            .and_then(|duration| Instant::now().checked_add(duration.0));
        Self { ticks, end }
    }

    /// Waits until a measurement is due; the first one is due at once. Returns false when the time is over.
    async fn next(&mut self) -> bool {
        let over = async {
            match self.end {
                Some(end) => tokio::time::sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // A measurement that is due is made even if the time ends at the same moment.
            biased;
            _ = self.ticks.tick() => true,
            () = over => false,
        }
    }
}

/// Measures once; `None` when the user stops it meanwhile. Nobody waits for a measurement then: the next signal would end
/// the process at once, and before that the terminal has to be restored.
async fn measure(
    hierarchy: &Hierarchy,
    cancel: &CancellationToken,
) -> Result<Option<Sample>, Failure> {
    let hierarchy = hierarchy.clone();
    let looking = tokio::task::spawn_blocking(move || {
        let time = clock::now();
        let status = walk(&hierarchy, System::read(), Detail::Few)?;
        Ok::<_, HierarchyError>(Sample::of(&status, time))
    });
    let measured = tokio::select! {
        measured = looking => measured,
        () = cancel.cancelled() => return Ok(None),
    };
    let measured = measured.map_err(|error| Failure::new(FailureKind::Internal, error))?;
    let measured = measured.map_err(no_hierarchy)?;
    Ok(Some(measured))
}

/// Refuses a page that would overwrite measurements, or whose directory does not exist.
fn check_page(html: &Path, arguments: &WatchArguments) -> Result<(), Failure> {
    for (option, file) in [("--csv", &arguments.csv), ("--compare", &arguments.compare)] {
        if file.as_ref().is_some_and(|file| is_same(html, file)) {
            let text = format!(
                "--html {} is also the file of {option}; the page would overwrite the measurements",
                html.display()
            );
            let failure = Failure::new(FailureKind::Usage, text);
            return Err(failure.hint("use another file for the page"));
        }
    }
    check_folder(html)
}

/// Refuses a file whose directory does not exist.
fn check_folder(file: &Path) -> Result<(), Failure> {
    let folder = folder_of(file);
    let metadata = std::fs::metadata(folder).map_err(|error| cannot_write(file, &error))?;
    if metadata.is_dir() && !file.is_dir() {
        return Ok(());
    }
    let error = if file.is_dir() {
        io::ErrorKind::IsADirectory
    } else {
        io::ErrorKind::NotADirectory
    };
    Err(cannot_write(file, &error.into()))
}
