//! What several of the commands say and ask.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::artifacts::cache::{Damage, Listing};
use crate::build::BuildError;
use crate::cli::explain::interrupted;
use crate::cli::invocation::Invocation;
use crate::clock;
use crate::engine::{Engine, VolumeUse};
use crate::events::{Event, Sink, Warning};
use crate::failure::{Failure, FailureKind};
use crate::report::Progress;

/// Digits of a content key in tables: enough to identify a result.
pub(super) const SHOWN_DIGITS: usize = 12;

/// What is unusual and does not stop a command; part of a JSON document, otherwise on standard error.
#[derive(Debug, Default)]
pub(super) struct Remarks(Vec<Warning>);

impl Remarks {
    pub(super) fn add(&mut self, remark: Warning) {
        self.0.push(remark);
    }

    /// Adds files that do not belong to the tool.
    pub(super) fn add_foreign(&mut self, foreign: &[Damage]) {
        for file in foreign {
            self.add(Warning::ForeignFile(file.to_string()));
        }
    }

    pub(super) fn tell(&self, invocation: &Invocation<'_>) {
        if invocation.json() {
            return;
        }
        let progress = Progress::new(false, false, invocation.verbosity());
        for remark in &self.0 {
            progress.event(&Event::Warning(remark.clone()));
        }
    }

    pub(super) fn into_texts(self) -> Vec<String> {
        self.0.iter().map(Warning::to_string).collect()
    }
}

/// The cache of results. A directory that cannot be read counts as empty, with a remark.
pub(super) fn read_results(invocation: &Invocation<'_>, remarks: &mut Remarks) -> Listing {
    let results = invocation.workspace.results();
    match results.list() {
        Ok(listing) => {
            remarks.add_foreign(&listing.foreign);
            listing
        }
        Err(error) => {
            remarks.add(unreadable(invocation, &error));
            Listing::default()
        }
    }
}

/// The sizes of the tool's volumes; empty, with a remark, if the engine does not report them.
pub(super) async fn volume_uses(
    invocation: &Invocation<'_>,
    engine: &dyn Engine,
    remarks: &mut Remarks,
) -> Result<BTreeMap<String, VolumeUse>, Failure> {
    let Some(docker) = engine.as_docker() else {
        return Ok(BTreeMap::new());
    };
    let uses = docker.volume_uses();
    match invocation.workspace.unless_stopped(uses).await {
        Err(BuildError::Interrupted) => Err(interrupted()),
        Err(error) => {
            let failure = Failure::from(error);
            remarks.add(Warning::SizesUnknown(failure.line()));
            Ok(BTreeMap::new())
        }
        Ok(uses) => Ok(uses),
    }
}

pub(super) fn unreadable(invocation: &Invocation<'_>, error: &std::io::Error) -> Warning {
    let results = invocation.workspace.results();
    let what = format!("the results in {}", results.folder().display());
    Warning::Unreadable(what, error.to_string())
}

/// A time for people and for programs, to the second.
pub(super) fn time(time: SystemTime) -> String {
    clock::in_years(time)
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

/// A size to print.
pub(super) fn size(bytes: u64) -> String {
    bytesize::ByteSize(bytes).to_string()
}

pub(super) fn integrity(text: String) -> Failure {
    Failure::new(FailureKind::Integrity, text)
}
