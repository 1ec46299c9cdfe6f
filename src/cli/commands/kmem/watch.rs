//! `kmembuild kmem watch`.

use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::{Timestamp, Unit};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::hangup::or_at_hangup;
use super::measurements::{Csv, cannot_write};
use super::place::{folder_of, is_same, write_whole};
use crate::cli::args::{Format, GlobalArguments, WatchArguments};
use crate::cli::output::print;
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::host::Hierarchy;
use crate::host::kmem::{
    Detail, HierarchyError, Sample, System, find_hierarchy, read_samples, walk,
};
use crate::report::{LiveChart, watch_json, watch_page, watch_summary};

pub(crate) async fn run(
    environment: &Environment,
    global: &GlobalArguments,
    arguments: &WatchArguments,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let json = arguments.format == Format::Json;
    let before = arguments.compare.as_deref().map(read_samples).transpose();
    let before = before.map_err(|error| Failure::new(FailureKind::Usage, error))?;
    // What cannot be watched or written is told before hours are spent.
    let hierarchy = find_hierarchy(arguments.root.as_deref())
        .map_err(|error| Failure::new(FailureKind::CannotTell, error))?;
    if let Some(html) = &arguments.html {
        check_page(html, arguments)?;
    }
    // A lost connection ends it as Ctrl-C does.
    let cancel = &or_at_hangup(cancel);
    let mut schedule = Schedule::new(arguments);
    schedule.next().await;
    // Before there is a file: an empty one would be in the way of the next try.
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
    // The screen is given back before anything is printed.
    watch.live = None;
    // What was measured is worth as much when it ended badly.
    let written = finish(&watch, environment, arguments, json);
    ended.and(written)
}

/// Writes what comes at the end.
fn finish(
    watch: &Watch,
    environment: &Environment,
    arguments: &WatchArguments,
    json: bool,
) -> Result<(), Failure> {
    let before = watch.before.as_deref();
    if let Some(html) = &arguments.html {
        let page = watch_page(&System::read().kernel, &watch.samples, before);
        write_whole(html, &page, 0o644).map_err(|error| cannot_write(html, &error))?;
    }
    if json {
        print(&watch_json(&watch.samples))
    } else if matches!(watch.csv, Csv::Printed) {
        Ok(())
    } else {
        print(&watch_summary(
            &watch.samples,
            before,
            environment.output_terminal,
        ))
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
    /// Takes in the first measurement and makes those that follow.
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

    /// Writes, keeps and draws a measurement. False when nobody reads the lines any more.
    fn take(&mut self, sample: Sample) -> Result<bool, Failure> {
        let first = self.samples.is_empty();
        let goes_on = self.csv.add(&sample, first);
        // What could not be written as a line is still worth a point of the curves.
        self.samples.push(sample);
        let goes_on = goes_on?;
        if let Some(live) = &mut self.live {
            // A terminal that went away does not end the watch.
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
    /// One that begins now.
    fn new(arguments: &WatchArguments) -> Self {
        let mut ticks = interval(arguments.interval.0.max(Duration::from_millis(10)));
        // After a walk that took longer than the interval there is nothing to catch up with.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let end = arguments
            .duration
            .and_then(|duration| Instant::now().checked_add(duration.0));
        Self { ticks, end }
    }

    /// Waits until a measurement is due, the first of them at once. False when the time is up instead.
    async fn next(&mut self) -> bool {
        let over = async {
            match self.end {
                Some(end) => tokio::time::sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // A measurement that is due is made, also where the time is up at the same moment.
            biased;
            _ = self.ticks.tick() => true,
            () = over => false,
        }
    }
}

/// Looks once; none when the user stops it meanwhile. That is not waited for: the next signal ends the process at once,
/// and until then the terminal has to be as it was.
async fn measure(
    hierarchy: &Hierarchy,
    cancel: &CancellationToken,
) -> Result<Option<Sample>, Failure> {
    let hierarchy = hierarchy.clone();
    let looking = tokio::task::spawn_blocking(move || {
        let time = Timestamp::now();
        let time = time.round(Unit::Millisecond).unwrap_or(time);
        let status = walk(&hierarchy, System::read(), Detail::Few)?;
        Ok::<_, HierarchyError>(Sample::of(&status, time))
    });
    let measured = tokio::select! {
        measured = looking => measured,
        () = cancel.cancelled() => return Ok(None),
    };
    let measured = measured.map_err(|error| Failure::new(FailureKind::Internal, error))?;
    let measured = measured.map_err(|error| Failure::new(FailureKind::CannotTell, error))?;
    Ok(Some(measured))
}

/// Refuses a page that would be written over measurements, or whose folder is not there.
fn check_page(html: &Path, arguments: &WatchArguments) -> Result<(), Failure> {
    for (option, file) in [("--csv", &arguments.csv), ("--compare", &arguments.compare)] {
        if file.as_ref().is_some_and(|file| is_same(html, file)) {
            let text = format!(
                "--html {} is the file of {option}, and the page would be written over the measurements",
                html.display()
            );
            let failure = Failure::new(FailureKind::Usage, text);
            return Err(failure.hint("name another file for the page"));
        }
    }
    check_folder(html)
}

/// Refuses a file whose folder is not there.
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
