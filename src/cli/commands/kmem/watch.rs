//! `kmembuild kmem watch`.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use jiff::{Timestamp, Unit};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::super::print;
use super::place::write_whole;
use crate::cli::args::{Format, GlobalArguments, WatchArguments};
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::host::kmem::{
    Detail, Hierarchy, HierarchyError, Sample, System, read_samples, samples_to_csv, walk,
};
use crate::report::{LiveChart, watch_json, watch_page, watch_summary};

pub(super) async fn run(
    environment: &Environment,
    global: &GlobalArguments,
    arguments: &WatchArguments,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let json = match global.format {
        None | Some(Format::Text) => false,
        Some(Format::Json) => true,
        Some(refused) => {
            let text = format!(
                "this command cannot print {refused:?}; --csv and --html name files for other forms"
            );
            return Err(Failure::new(FailureKind::Usage, text));
        }
    };
    let before = arguments.compare.as_deref().map(read_samples).transpose();
    let before = before.map_err(|error| Failure::new(FailureKind::Usage, error))?;
    // What cannot be watched or written is told before hours are spent.
    let hierarchy = Hierarchy::find(arguments.root.as_deref())
        .map_err(|error| Failure::new(FailureKind::CannotTell, error))?;
    if let Some(html) = &arguments.html {
        check_folder(html)?;
    }
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
    let ended = watch.until_the_end(arguments, cancel).await;
    // The screen is given back before anything is printed.
    watch.live = None;
    // What was measured is worth as much when it ended badly.
    let written = if watch.samples.is_empty() {
        Ok(())
    } else {
        finish(&watch, environment, arguments, json)
    };
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
    async fn until_the_end(
        &mut self,
        arguments: &WatchArguments,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        let mut ticks = tokio::time::interval(arguments.interval.0.max(Duration::from_millis(10)));
        // After a walk that took longer than the interval there is nothing to catch up with.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let end = arguments
            .duration
            .and_then(|duration| Instant::now().checked_add(duration.0));
        loop {
            let over = async {
                match end {
                    Some(end) => tokio::time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // A measurement that is due is taken, also where the time is up at the same moment.
                biased;
                () = cancel.cancelled() => return Ok(()),
                _ = ticks.tick() => {}
                () = over => return Ok(()),
            }
            let sample = self.measure().await?;
            let first = self.samples.is_empty();
            let goes_on = self.csv.add(&sample, first)?;
            self.samples.push(sample);
            if let Some(live) = &mut self.live {
                // A terminal that went away does not end the watch.
                if live.draw(&self.samples, self.before.as_deref()).is_err() {
                    self.live = None;
                }
            }
            let enough = arguments
                .count
                .is_some_and(|count| self.samples.len() as u64 >= count);
            if enough || !goes_on {
                return Ok(());
            }
        }
    }

    async fn measure(&self) -> Result<Sample, Failure> {
        let hierarchy = self.hierarchy.clone();
        let measured = tokio::task::spawn_blocking(move || {
            let time = Timestamp::now();
            let time = time.round(Unit::Millisecond).unwrap_or(time);
            let status = walk(&hierarchy, System::read(), Detail::Few)?;
            Ok::<_, HierarchyError>(Sample::of(&status, time))
        });
        let measured = measured
            .await
            .map_err(|error| Failure::new(FailureKind::Internal, error))?;
        measured.map_err(|error| Failure::new(FailureKind::CannotTell, error))
    }
}

/// Where the lines go.
enum Csv {
    File {
        path: std::path::PathBuf,
        file: File,
    },
    Printed,
    Nowhere,
}

impl Csv {
    fn new(path: Option<&Path>, print: bool) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(if print { Self::Printed } else { Self::Nowhere });
        };
        // Measurements cannot be made again: no file is written over.
        let file = File::create_new(path).map_err(|error| {
            let failure = cannot_write(path, &error);
            if error.kind() == io::ErrorKind::AlreadyExists {
                failure.hint("name another file, or move that one away")
            } else {
                failure
            }
        })?;
        let path = path.to_owned();
        Ok(Self::File { path, file })
    }

    /// Writes one line, which nobody has to wait for then. False when the reader went away.
    fn add(&mut self, sample: &Sample, first: bool) -> Result<bool, Failure> {
        let line = samples_to_csv(std::slice::from_ref(sample), first)
            .map_err(|error| Failure::new(FailureKind::Internal, error))?;
        match self {
            Self::Nowhere => Ok(true),
            Self::File { path, file } => {
                file.write_all(line.as_bytes())
                    .map_err(|error| cannot_write(path, &error))?;
                Ok(true)
            }
            Self::Printed => {
                let mut stdout = io::stdout().lock();
                match stdout
                    .write_all(line.as_bytes())
                    .and_then(|()| stdout.flush())
                {
                    Ok(()) => Ok(true),
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
                    Err(error) => Err(cannot_write(Path::new("standard output"), &error)),
                }
            }
        }
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let text = format!("{} cannot be written: {error}", path.display());
    Failure::new(FailureKind::Output, text)
}

/// Refuses a file whose folder is not there.
fn check_folder(file: &Path) -> Result<(), Failure> {
    let folder = super::place::folder_of(file);
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
