//! `kmembuild kmem watch`.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::conclude::{Results, conclude, conclude_beside};
use super::hangup::or_at_hangup;
use super::hierarchy::no_hierarchy;
use super::keys::Keys;
use super::labels::{labels, name};
use super::measurements::Csv;
use super::place::check_page;
use super::schedule::Schedule;
use super::textfile::{check_name, write_metrics};
use crate::artifacts::TOOL;
use crate::cli::args::{Format, GlobalArguments, StatusFormat, WatchArguments};
use crate::clock;
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::host::Hierarchy;
use crate::host::kmem::{
    Detail, HierarchyError, Origin, Recording, Sample, System, find_hierarchy, walk,
};
use crate::report::{ChartNotes, LiveChart, Series, Watched, watch_metrics};

/// What a watch is called that writes no file.
const THIS: &str = "this watch";

pub(crate) async fn run(
    environment: &Environment,
    global: &GlobalArguments,
    arguments: &WatchArguments,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let json = arguments.format == Format::Json;
    // What cannot be watched or written is reported before hours are spent.
    let names = names(arguments)?;
    let before = arguments.compare.as_deref().map(Recording::read);
    let before = before.transpose();
    let before = before.map_err(|error| Failure::new(FailureKind::Usage, error))?;
    let hierarchy = find_hierarchy(arguments.root.as_deref()).map_err(no_hierarchy)?;
    check_files(arguments)?;
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
    let origin = Origin::here(arguments.interval.0, TOOL);
    let csv = Csv::new(arguments.csv.as_deref(), !json && !chart, origin.clone())?;
    let mut watch = Watch {
        hierarchy,
        now: Recording {
            origin,
            samples: Vec::new(),
        },
        csv,
        textfile: arguments.textfile.as_deref(),
        live: None,
        before,
        names,
    };
    let keys = (chart && environment.input_terminal).then(|| Keys::listen(cancel));
    let keys = keys.flatten();
    if chart {
        watch.live = LiveChart::new(notes(arguments, keys.is_some())).ok();
    }
    let ended = watch
        .until_the_end(first, schedule, arguments.count, cancel)
        .await;
    // The screen and the keyboard are restored before anything is printed.
    watch.live = None;
    drop(keys);
    // Measurements are valuable even if the watch ended with an error.
    let written = finish(&watch, environment, global, arguments);
    ended.and(written)
}

/// Writes the results at the end.
fn finish(
    watch: &Watch<'_>,
    environment: &Environment,
    global: &GlobalArguments,
    arguments: &WatchArguments,
) -> Result<(), Failure> {
    let csv = arguments.csv.as_deref();
    let csv_name = csv.map(|file| file.display().to_string());
    let page = csv.map(|file| file.with_extension("html").display().to_string());
    let next: Option<Vec<&str>> = match (&csv_name, &page) {
        _ if watch.watched().series.grows() => Some(vec!["kmem", "status"]),
        (Some(csv), Some(page)) if arguments.html.is_none() => {
            Some(vec!["kmem", "report", csv, "--html", page])
        }
        _ => None,
    };
    let is_lost = csv.is_none() && arguments.html.is_none() && !watch.csv.is_printed();
    let results = Results {
        watched: watch.watched(),
        html: arguments.html.as_deref(),
        written: [csv, arguments.textfile.as_deref()],
        next,
        remark: is_lost.then_some(
            "the measurements were not kept: --csv FILE keeps them, --html FILE draws them",
        ),
    };
    if watch.csv.is_printed() {
        return conclude_beside(&results, global.quiet);
    }
    let format = match arguments.format {
        Format::Text => StatusFormat::Text,
        Format::Json => StatusFormat::Json,
    };
    conclude(environment, &results, format, global.quiet)
}

/// The names of this watch and of the one that it is compared with.
fn names(arguments: &WatchArguments) -> Result<(String, String), Failure> {
    let csv = arguments.csv.as_deref();
    let own = (csv.map_or_else(|| THIS.to_owned(), name), csv);
    let names = match arguments.compare.as_deref() {
        None => labels(&arguments.labels, &[own])?,
        Some(other) => labels(&arguments.labels, &[own, (name(other), Some(other))])?,
    };
    let mut names = names.into_iter();
    let mut name = || names.next().unwrap_or_default();
    Ok((name(), name()))
}

/// Refuses files that would overwrite each other, or that cannot be written.
fn check_files(arguments: &WatchArguments) -> Result<(), Failure> {
    if let Some(file) = &arguments.textfile {
        check_name(file)?;
    }
    let Some(html) = &arguments.html else {
        return Ok(());
    };
    let others = [
        ("the file of --csv", arguments.csv.as_deref()),
        ("the file of --compare", arguments.compare.as_deref()),
        ("the file of --textfile", arguments.textfile.as_deref()),
    ];
    let others = others.map(|(what, file)| Some((what, file?)));
    check_page(html, others.into_iter().flatten())
}

/// What the lines around the chart tell.
fn notes(arguments: &WatchArguments, has_keys: bool) -> ChartNotes {
    let show = |file: &Path| name(file);
    let kept = match (arguments.csv.as_deref(), arguments.html.as_deref()) {
        (Some(csv), Some(html)) => {
            format!(
                "ends the watch and writes {}; all is in {}",
                show(html),
                show(csv)
            )
        }
        (Some(csv), None) => format!("ends the watch; all is in {}", show(csv)),
        (None, Some(html)) => format!("ends the watch and writes {}", show(html)),
        (None, None) => "ends the watch; nothing is kept without --csv or --html".to_owned(),
    };
    let how = if has_keys { "q or Ctrl-C" } else { "Ctrl-C" };
    let steps = arguments
        .count
        .and_then(|count| u32::try_from(count).ok())
        .and_then(|count| arguments.interval.0.checked_mul(count.saturating_sub(1)));
    ChartNotes {
        duration: arguments.duration.map(|duration| duration.0).or(steps),
        hints: vec![
            format!("{how} {kept}"),
            format!("{how} ends the watch"),
            how.to_owned(),
        ],
    }
}

struct Watch<'a> {
    hierarchy: Hierarchy,
    now: Recording,
    csv: Csv,
    textfile: Option<&'a Path>,
    live: Option<LiveChart>,
    before: Option<Recording>,
    names: (String, String),
}

impl Watch<'_> {
    /// What is shown.
    fn watched(&self) -> Watched<'_> {
        let before = self.before.as_ref();
        Watched {
            series: Series {
                label: &self.names.0,
                origin: &self.now.origin,
                samples: &self.now.samples,
                live: true,
            },
            earlier: before.map(|before| Series {
                label: &self.names.1,
                origin: &before.origin,
                samples: &before.samples,
                live: false,
            }),
        }
    }

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
            let enough = count.is_some_and(|count| self.now.samples.len() as u64 >= count);
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
        let first = self.now.samples.is_empty();
        let goes_on = self.csv.add(&sample, first);
        // A measurement that could not be written is still a point of the curves.
        self.now.samples.push(sample);
        let goes_on = goes_on?;
        if let Some(file) = self.textfile {
            write_metrics(file, &watch_metrics(&self.watched().series))?;
        }
        if let Some(mut live) = self.live.take() {
            // Losing the terminal does not end the watch.
            if live.draw(self.watched()).is_ok() {
                self.live = Some(live);
            }
        }
        Ok(goes_on)
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
