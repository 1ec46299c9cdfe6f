//! `kmembuild cache verify`.

use serde::Serialize;

use super::remarks::{Remarks, SHOWN_DIGITS, count, integrity, unreadable};
use crate::artifacts::cache::{Damage, ListedResult, Removal, Results};
use crate::cli::explain::interrupted;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::events::Warning;
use crate::failure::{Failure, FailureKind};
use crate::report::{Closing, Text, Tone, Verbosity};

/// `cache verify --format json`.
#[derive(Serialize)]
struct Verified {
    passed: bool,
    /// The number of results that were checked.
    results: usize,
    damaged: Vec<Damaged>,
    remarks: Vec<String>,
    /// Only of what is intact; of what is not, the error says it.
    #[serde(flatten)]
    closing: Option<Closing>,
}

/// A damaged result.
#[derive(Serialize)]
struct Damaged {
    key: String,
    recipe: Option<String>,
    version: Option<String>,
    file: String,
    reason: String,
    removed: bool,
}

pub(crate) fn run(invocation: &Invocation<'_>, remove: bool) -> Result<(), Failure> {
    let results = invocation.workspace.results();
    // A cache that cannot be read is damaged: that is the answer here, not a missing part of it.
    let listing = results
        .list()
        .map_err(|error| integrity(unreadable(invocation, &error).to_string()))?;
    let mut remarks = Remarks::default();
    remarks.add_foreign(&listing.foreign);
    let (mut damaged, mut looked_at) = (Vec::new(), 0);
    for listed in &listing.entries {
        // There may be gigabytes to read between two results.
        if invocation.workspace.cancel.is_cancelled() {
            return Err(interrupted());
        }
        let found = look_at(&results, listed);
        // An entry that another run removed meanwhile is not damaged.
        if !results.entry_folder(&listed.key).exists() {
            continue;
        }
        looked_at += 1;
        if let Err(damage) = found {
            let removed = remove && discard(&results, &listed.key, &mut remarks);
            damaged.push(Damaged {
                key: listed.key.clone(),
                recipe: listed.entry.as_ref().ok().map(|of| of.recipe.clone()),
                version: listed.entry.as_ref().ok().map(|of| of.version.clone()),
                file: damage.file.display().to_string(),
                reason: damage.reason,
                removed,
            });
        }
    }
    remarks.tell(invocation);
    report(invocation, damaged, looked_at, remarks)
}

fn look_at(results: &Results, listed: &ListedResult) -> Result<(), Damage> {
    let _held = results.hold(&listed.key);
    let entry = listed.entry.as_ref().map_err(Clone::clone)?;
    results.check(entry)
}

fn discard(results: &Results, key: &str, remarks: &mut Remarks) -> bool {
    let short = &key[..SHOWN_DIGITS];
    match results.discard_unless_in_use(key) {
        Ok(Removal::Done) => return true,
        Ok(Removal::InUse) => {
            remarks.add(Warning::InUse(short.to_owned()));
        }
        Err(error) => remarks.add(Warning::NotRemoved(short.to_owned(), error.to_string())),
    }
    false
}

fn report(
    invocation: &Invocation<'_>,
    damaged: Vec<Damaged>,
    results: usize,
    remarks: Remarks,
) -> Result<(), Failure> {
    let (number, left) = (
        damaged.len(),
        damaged.iter().filter(|one| !one.removed).count(),
    );
    let verdict = format!("{}, all intact", count(results, "result"));
    let closing = (number == 0).then(|| Closing::new(verdict));
    if invocation.json() {
        print_document(&Verified {
            passed: damaged.is_empty(),
            results,
            damaged,
            remarks: remarks.into_texts(),
            closing,
        })?;
    } else {
        for one in damaged {
            let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
            let what = format!(
                " {} ({} {}): {}: {}{}\n",
                &one.key[..SHOWN_DIGITS],
                known(&one.recipe),
                known(&one.version),
                one.file,
                one.reason,
                if one.removed { "; removed" } else { "" }
            );
            let damaged = Text::toned(Tone::Bad, "DAMAGED");
            print(&Text::message(damaged + what))?;
        }
        if let Some(closing) = closing.filter(|_| invocation.verbosity() != Verbosity::Quiet) {
            print(&closing.text())?;
        }
    }
    if number == 0 {
        return Ok(());
    }
    let text = format!("{number} of {} damaged", count(results, "result"));
    let failure = Failure::new(FailureKind::Integrity, text);
    Err(if left == 0 {
        failure.hint("removed entries are rebuilt on demand; check the disk for errors")
    } else {
        failure.hint("use `kmembuild cache verify --remove` to remove damaged results; they are rebuilt on demand")
    })
}
