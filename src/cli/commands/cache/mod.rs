//! `kmembuild cache`: what is kept to save time, on this machine and on the engine.

mod list;
mod prune;
mod show;
mod verify;

use std::collections::BTreeMap;
use std::time::SystemTime;

use jiff::Timestamp;

use crate::artifacts::cache::{Damage, Listing};
use crate::build::BuildError;
use crate::cli::args::CacheCommand;
use crate::cli::explain::interrupted;
use crate::cli::invocation::Invocation;
use crate::engine::{Engine, VolumeUse};
use crate::events::{Event, Sink};
use crate::failure::{Failure, FailureKind};
use crate::report::Progress;

/// Digits of a content key that tables show: enough to tell results apart and to name one.
const SHOWN_DIGITS: usize = 12;

pub(crate) async fn run(invocation: &Invocation<'_>, action: &CacheCommand) -> Result<(), Failure> {
    match action {
        CacheCommand::List { .. } => list::run(invocation).await,
        CacheCommand::Show { key, .. } => show::run(invocation, key),
        CacheCommand::Verify { remove, .. } => verify::run(invocation, *remove),
        CacheCommand::Prune(arguments) => prune::run(invocation, arguments).await,
    }
}

/// What is odd and does not stop a command; in the document where one is printed, otherwise on standard error.
#[derive(Debug, Default)]
struct Remarks(Vec<String>);

impl Remarks {
    fn add(&mut self, text: impl Into<String>) {
        self.0.push(text.into());
    }

    /// Tells of files that are none of the tool's.
    fn add_foreign(&mut self, foreign: &[Damage]) {
        for file in foreign {
            self.add(format!("{file}; it is left as it is"));
        }
    }

    /// Tells of a failure that costs a part of the answer.
    fn add_failure(&mut self, what: &str, failure: &Failure) {
        self.add(format!("{what}: {}", failure.line()));
    }

    fn tell(&self, invocation: &Invocation<'_>) {
        if invocation.json() {
            return;
        }
        let progress = Progress::new(false, false, invocation.verbosity());
        for text in &self.0 {
            let text = text.clone();
            progress.event(&Event::Warning { text });
        }
    }
}

/// What is in the cache of results. A folder that cannot be read is like an empty one, and told.
fn read_results(invocation: &Invocation<'_>, remarks: &mut Remarks) -> Listing {
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

/// What the tool's volumes take; nothing is known where the engine does not say, and that is told.
async fn volume_uses(
    invocation: &Invocation<'_>,
    engine: &dyn Engine,
    remarks: &mut Remarks,
) -> Result<BTreeMap<String, VolumeUse>, Failure> {
    match invocation
        .workspace
        .unless_stopped(engine.volume_uses())
        .await
    {
        Err(BuildError::Interrupted) => Err(interrupted()),
        Err(error) => {
            remarks.add_failure("the sizes of the compile caches are unknown", &error.into());
            Ok(BTreeMap::new())
        }
        Ok(uses) => Ok(uses),
    }
}

fn unreadable(invocation: &Invocation<'_>, error: &std::io::Error) -> String {
    let results = invocation.workspace.results();
    format!(
        "the results in {} could not be read: {error}",
        results.folder().display()
    )
}

/// A time for people and for programs, to the second.
fn time(time: SystemTime) -> String {
    let whole = Timestamp::try_from(time)
        .ok()
        .and_then(|time| Timestamp::from_second(time.as_second()).ok());
    whole.unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// A size for people.
fn size(bytes: u64) -> String {
    bytesize::ByteSize(bytes).to_string()
}

/// "1 result", "2 results".
fn count(number: usize, what: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {what}{ending}")
}

fn integrity(text: String) -> Failure {
    Failure::new(FailureKind::Integrity, text)
}
