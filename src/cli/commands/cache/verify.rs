//! `kmembuild cache verify`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::remarks::{Remarks, SHOWN_DIGITS, integrity, unreadable};
use crate::artifacts::cache::{Damage, ListedResult, Removal, Results};
use crate::build::BuildError;
use crate::cli::explain::interrupted;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::engine::{Engine, EngineChoice, EngineError, Leftover, LeftoverKind};
use crate::events::Warning;
use crate::failure::{Failure, FailureKind};
use crate::number_of::number_of;
use crate::report::{Closing, Text, Tone, Verbosity};

/// `cache verify --format json`.
#[derive(Serialize)]
struct Verified {
    passed: bool,
    /// The number of results that were checked.
    results: usize,
    damaged: Vec<Damaged>,
    /// The number of unpacked images that were checked: those of the runtime engine.
    images: usize,
    #[serde(rename = "damaged-images")]
    damaged_images: Vec<DamagedImage>,
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

/// A damaged image.
#[derive(Serialize)]
struct DamagedImage {
    id: String,
    reason: String,
    removed: bool,
}

/// The images that were checked.
#[derive(Default)]
struct Images {
    number: usize,
    damaged: Vec<DamagedImage>,
}

pub(crate) async fn run(invocation: &Invocation<'_>, remove: bool) -> Result<(), Failure> {
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
    let images = check_images(invocation, remove, &mut remarks).await?;
    remarks.tell(invocation);
    report(invocation, damaged, looked_at, images, remarks)
}

/// Checks the images of the engine, if it keeps any itself. Without an engine there are none.
async fn check_images(
    invocation: &Invocation<'_>,
    remove: bool,
    remarks: &mut Remarks,
) -> Result<Images, Failure> {
    let workspace = &invocation.workspace;
    let may_be_used = matches!(
        invocation.choice,
        EngineChoice::Auto | EngineChoice::Runtime
    );
    // Nobody is asked who cannot have any.
    if !may_be_used || !invocation.surroundings.runtime.directory.exists() {
        return Ok(Images::default());
    }
    let engine = match workspace.engine().await {
        Ok(engine) => engine,
        Err(error) if invocation.choice == EngineChoice::Runtime => return Err(error.into()),
        Err(_) => return Ok(Images::default()),
    };
    let checked = engine.check_images(&workspace.cancel);
    let checked = workspace.unless_stopped(checked).await?;
    let mut images = Images {
        number: checked.len(),
        damaged: Vec::new(),
    };
    for image in checked {
        let Some(reason) = image.problem else {
            continue;
        };
        let removed =
            remove && remove_image(invocation, engine.as_ref(), &image.id, remarks).await?;
        images.damaged.push(DamagedImage {
            id: image.id,
            reason,
            removed,
        });
    }
    Ok(images)
}

async fn remove_image(
    invocation: &Invocation<'_>,
    engine: &dyn Engine,
    id: &str,
    remarks: &mut Remarks,
) -> Result<bool, Failure> {
    let image = Leftover {
        kind: LeftoverKind::Image,
        id: id.to_owned(),
        name: id.to_owned(),
        labels: BTreeMap::new(),
        running: false,
        age: None,
        size: None,
    };
    match invocation
        .workspace
        .unless_stopped(engine.remove(&image))
        .await
    {
        Ok(()) => return Ok(true),
        Err(BuildError::Interrupted) => return Err(interrupted()),
        Err(BuildError::Engine(EngineError::InUse { .. })) => {
            remarks.add(Warning::InUse(id.to_owned()));
        }
        Err(error) => {
            let reason = Failure::from(error).line();
            remarks.add(Warning::NotRemoved(id.to_owned(), reason));
        }
    }
    Ok(false)
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
    images: Images,
    remarks: Remarks,
) -> Result<(), Failure> {
    let removed = damaged.iter().map(|one| one.removed);
    let removed = removed.chain(images.damaged.iter().map(|one| one.removed));
    let left = removed.filter(|removed| !removed).count();
    let number = damaged.len() + images.damaged.len();
    let mut all = number_of(results, "result");
    if images.number > 0 {
        all = format!("{all} and {}", number_of(images.number, "unpacked image"));
    }
    let verdict = format!("{all}, all intact");
    let closing = (number == 0).then(|| Closing::new(verdict));
    if invocation.json() {
        print_document(&Verified {
            passed: damaged.is_empty(),
            results,
            damaged,
            images: images.number,
            damaged_images: images.damaged,
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
        for one in images.damaged {
            let removed = if one.removed { "; removed" } else { "" };
            let what = format!(" image {}: {}{removed}\n", one.id, one.reason);
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
    let text = format!("{number} of {all} damaged");
    let failure = Failure::new(FailureKind::Integrity, text);
    Err(if left == 0 {
        failure.hint("removed entries are rebuilt on demand; check the disk for errors")
    } else {
        failure.hint("use `kmembuild cache verify --remove` to remove what is damaged; it is rebuilt on demand")
    })
}
