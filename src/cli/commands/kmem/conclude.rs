//! The end of `kmem watch` and `kmem report`: the page, the numbers, and what they say.

use std::path::Path;

use super::place::cannot_write;
use crate::artifacts::replace_file;
use crate::cli::args::StatusFormat;
use crate::cli::output::{print, print_exact};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::report::{
    Closing, Text, Watched, output_width, tell, watch_conclusion, watch_json, watch_metrics,
    watch_page, watch_summary,
};

/// What was measured, and what becomes of it.
pub(super) struct Results<'a> {
    pub(super) watched: Watched<'a>,
    /// File for the page.
    pub(super) html: Option<&'a Path>,
    /// Files that were written already.
    pub(super) written: [Option<&'a Path>; 2],
    /// The command that comes next.
    pub(super) next: Option<Vec<&'a str>>,
    /// What is to be known beside.
    pub(super) remark: Option<&'static str>,
}

impl Results<'_> {
    fn closing(&self) -> Closing {
        let closing = Closing::new(watch_conclusion(self.watched));
        match &self.next {
            Some(next) => closing.next(next),
            None => closing,
        }
    }

    /// Writes the page, if one is wanted.
    fn write_page(&self, closing: &Closing) -> Result<(), Failure> {
        let Some(html) = self.html else {
            return Ok(());
        };
        let page = watch_page(&closing.verdict.to_string(), self.watched);
        replace_file(html, page.as_bytes(), 0o644).map_err(|error| cannot_write(html, &error))
    }

    /// The last lines: files, what is to be known beside, the verdict and the next command.
    fn last_lines(&self, closing: &Closing) -> Text {
        let files = self.written.into_iter().chain([self.html]).flatten();
        let files: Vec<_> = files.map(|file| file.display().to_string()).collect();
        let mut text = Text::new();
        if !files.is_empty() {
            text += Text::message(format!("wrote {}\n", files.join(", ")));
        }
        if let Some(remark) = self.remark {
            text += Text::message(format!("{remark}\n"));
        }
        text + closing.text()
    }
}

/// Writes the page and prints the results.
pub(super) fn conclude(
    environment: &Environment,
    results: &Results<'_>,
    format: StatusFormat,
    quiet: bool,
) -> Result<(), Failure> {
    let closing = results.closing();
    results.write_page(&closing)?;
    let watched = results.watched;
    match format {
        StatusFormat::Json => print_exact(&watch_json(watched, &closing)),
        StatusFormat::Prometheus => print_exact(&watch_metrics(&watched.series)),
        StatusFormat::Text if quiet => Ok(()),
        StatusFormat::Text => {
            let table = watch_summary(watched, output_width(environment));
            print(&(table + results.last_lines(&closing)))
        }
    }
}

/// The same where the measurements themselves are on standard output: the last lines are told beside them.
pub(super) fn conclude_beside(results: &Results<'_>, quiet: bool) -> Result<(), Failure> {
    let closing = results.closing();
    results.write_page(&closing)?;
    if !quiet {
        tell(results.last_lines(&closing));
    }
    Ok(())
}
