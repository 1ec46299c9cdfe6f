//! `kmembuild kmem report`.

use super::conclude::{Results, conclude};
use super::labels::{labels, name};
use super::place::check_page;
use crate::cli::args::ReportArguments;
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::host::kmem::Recording;
use crate::report::{Series, Watched};

pub(crate) fn run(environment: &Environment, arguments: &ReportArguments) -> Result<(), Failure> {
    let files = &arguments.files;
    let named: Vec<_> = files
        .iter()
        .map(|file| (name(file), Some(file.as_path())))
        .collect();
    let labels = labels(&arguments.labels, &named)?;
    let recordings: Result<Vec<_>, _> = files.iter().map(|file| Recording::read(file)).collect();
    let recordings = recordings.map_err(|error| Failure::new(FailureKind::Usage, error))?;
    if let Some(html) = &arguments.html {
        check_page(
            html,
            files.iter().map(|file| ("a recording", file.as_path())),
        )?;
    }
    let series = recordings.iter().zip(&labels);
    let mut series = series.map(|(recording, label)| Series {
        label,
        origin: &recording.origin,
        samples: &recording.samples,
        live: false,
    });
    let (earlier, last) = match (series.next(), series.next()) {
        (Some(first), Some(second)) => (Some(first), second),
        (Some(only), None) => (None, only),
        // clap requires one.
        (None, _) => return Ok(()),
    };
    let shown: Vec<_> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let next = arguments.html.is_none().then(|| {
        let words = shown.iter().map(String::as_str);
        let page = ["--html", "kmem.html"];
        ["kmem", "report"]
            .into_iter()
            .chain(words)
            .chain(page)
            .collect()
    });
    let results = Results {
        watched: Watched {
            series: last,
            earlier,
        },
        html: arguments.html.as_deref(),
        written: [None, None],
        next,
        remark: None,
    };
    conclude(environment, &results, arguments.format, false)
}
