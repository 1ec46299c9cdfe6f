//! `kmembuild cache list`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::remarks::{Remarks, SHOWN_DIGITS, read_results, size, time};
use crate::artifacts::cache::ListedResult;
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::engine::{LABEL_RECIPE, Leftover, LeftoverKind};
use crate::events::Warning;
use crate::failure::{Failure, FailureKind};
use crate::number_of::number_of;
use crate::report::{Closing, Summary, Text, output_width};

/// `cache list --format json`.
#[derive(Serialize)]
struct Cache {
    results: Results,
    /// `None` if no engine answers.
    engine: Option<OnEngine>,
    /// What is unusual, or could not be determined.
    remarks: Vec<String>,
}

/// The cache, and what to do with it.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    cache: &'a Cache,
    #[serde(flatten)]
    closing: &'a Closing,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Results {
    folder: String,
    /// The maximum size of all results together, in bytes.
    limit: u64,
    entries: Vec<Entry>,
}

/// A result.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Entry {
    key: String,
    recipe: Option<String>,
    version: Option<String>,
    platform: Option<String>,
    size: u64,
    last_used: String,
    /// Why it cannot be used.
    problem: Option<String>,
}

#[derive(Serialize)]
struct OnEngine {
    address: String,
    volumes: Vec<Volume>,
    images: Vec<Image>,
}

/// A compile cache.
#[derive(Serialize)]
struct Volume {
    name: String,
    recipe: Option<String>,
    size: Option<u64>,
    containers: Option<u64>,
}

/// A toolchain image.
#[derive(Serialize)]
struct Image {
    id: String,
    name: String,
    recipe: Option<String>,
    size: Option<u64>,
}

pub(crate) async fn run(invocation: &Invocation<'_>) -> Result<(), Failure> {
    let mut remarks = Remarks::default();
    let listing = read_results(invocation, &mut remarks);
    let engine = match on_engine(invocation, &mut remarks).await {
        Ok(engine) => Some(engine),
        Err(failure) if failure.kind == FailureKind::Interrupted => return Err(failure),
        Err(failure) => {
            remarks.add(Warning::EngineUnlisted(failure.line()));
            None
        }
    };
    remarks.tell(invocation);
    let cache = Cache {
        results: Results {
            folder: invocation
                .workspace
                .results()
                .folder()
                .display()
                .to_string(),
            limit: invocation.workspace.configuration.cache_size(),
            // The last used results are most likely looked for.
            entries: listing.entries.into_iter().rev().map(entry).collect(),
        },
        engine,
        remarks: remarks.into_texts(),
    };
    let closing = cache.closing();
    if invocation.json() {
        let (cache, closing) = (&cache, &closing);
        print_document(&Document { cache, closing })
    } else {
        let text = text(&cache, output_width(invocation.environment));
        print(&(text + closing.text()))
    }
}

impl Cache {
    /// How much there is of everything, and the command for what strikes most.
    fn closing(&self) -> Closing {
        let Results { limit, entries, .. } = &self.results;
        let total = entries.iter().map(|entry| entry.size).sum::<u64>();
        let results = number_of(entries.len(), "result");
        let mut parts = vec![format!(
            "{results}, {} of at most {}",
            size(total),
            size(*limit)
        )];
        match &self.engine {
            None => parts.push("no engine answers".to_owned()),
            Some(engine) => {
                let total = engine.volumes.iter().filter_map(|volume| volume.size).sum();
                let number = number_of(engine.volumes.len(), "compile cache");
                parts.push(format!("{number}, {}", size(total)));
                parts.push(number_of(engine.images.len(), "toolchain image"));
            }
        }
        let closing = Closing::new(parts.join("; "));
        let is_damaged = |entry: &Entry| entry.problem.is_some();
        match entries.first() {
            _ if entries.iter().any(is_damaged) => closing.next(&["cache", "verify", "--remove"]),
            _ if total > *limit => closing.next(&["cache", "prune", "--dry-run"]),
            Some(last_used) => closing.next(&["cache", "show", &last_used.key[..SHOWN_DIGITS]]),
            None => closing,
        }
    }
}

async fn on_engine(
    invocation: &Invocation<'_>,
    remarks: &mut Remarks,
) -> Result<OnEngine, Failure> {
    let engine = invocation.workspace.engine().await?.as_ref();
    let leftovers = engine.leftovers();
    let leftovers = invocation.workspace.unless_stopped(leftovers).await?;
    let of_kind = |kind| leftovers.iter().filter(move |thing| thing.kind == kind);
    let uses = if of_kind(LeftoverKind::Volume).next().is_none() {
        BTreeMap::new()
    } else {
        super::remarks::volume_uses(invocation, engine, remarks).await?
    };
    let recipe = |thing: &Leftover| thing.labels.get(LABEL_RECIPE).cloned();
    Ok(OnEngine {
        address: engine.describe().address.clone(),
        volumes: of_kind(LeftoverKind::Volume)
            .map(|volume| Volume {
                name: volume.name.clone(),
                recipe: recipe(volume),
                size: uses.get(&volume.name).and_then(|taken| taken.size),
                containers: uses.get(&volume.name).and_then(|taken| taken.containers),
            })
            .collect(),
        images: of_kind(LeftoverKind::Image)
            .map(|image| Image {
                id: image.id.clone(),
                name: image.name.clone(),
                recipe: recipe(image),
                size: image.size,
            })
            .collect(),
    })
}

fn entry(listed: ListedResult) -> Entry {
    let (of, problem) = match listed.entry {
        Ok(entry) => (Some(entry), None),
        Err(damage) => (None, Some(damage.to_string())),
    };
    Entry {
        key: listed.key,
        recipe: of.as_ref().map(|entry| entry.recipe.clone()),
        version: of.as_ref().map(|entry| entry.version.clone()),
        platform: of.map(|entry| entry.platform),
        size: listed.size,
        last_used: time(listed.used),
        problem,
    }
}

fn text(cache: &Cache, width: u16) -> Text {
    let mut text = Text::new();
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
    let taken = |bytes: Option<u64>| bytes.map_or_else(|| "?".to_owned(), size);
    let results = &cache.results;
    let number = number_of(results.entries.len(), "result");
    text += format!("{number} in {}\n", results.folder);
    let rows = results.entries.iter().map(|entry| {
        let version = match &entry.problem {
            Some(problem) => format!("DAMAGED: {problem}"),
            None => known(&entry.version),
        };
        vec![
            known(&entry.recipe),
            version,
            known(&entry.platform),
            size(entry.size),
            entry.last_used.clone(),
            entry.key[..SHOWN_DIGITS].to_owned(),
        ]
    });
    let head = ["recipe", "version", "platform", "size", "last used", "key"];
    text += table(&head, rows.collect(), width);
    let Some(engine) = &cache.engine else {
        return text;
    };
    let number = number_of(engine.volumes.len(), "compile cache");
    text += format!("{number} on {}\n", engine.address);
    let rows = engine.volumes.iter().map(|volume| {
        let used = match volume.containers {
            Some(0) => "not in use".to_owned(),
            Some(number) => format!(
                "used by {}",
                number_of(usize::try_from(number).unwrap_or(usize::MAX), "container")
            ),
            None => "use unknown".to_owned(),
        };
        vec![
            known(&volume.recipe),
            taken(volume.size),
            used,
            volume.name.clone(),
        ]
    });
    let head = ["recipe", "size", "in use", "volume"];
    text += table(&head, rows.collect(), width);
    let number = number_of(engine.images.len(), "toolchain image");
    text += format!("{number} on {}\n", engine.address);
    let rows = engine
        .images
        .iter()
        .map(|image| vec![known(&image.recipe), taken(image.size), image.name.clone()]);
    text += table(
        &["recipe", "size with shared layers", "image"],
        rows.collect(),
        width,
    );
    text
}

fn table(head: &[&'static str], rows: Vec<Vec<String>>, width: u16) -> Text {
    if rows.is_empty() {
        return Text::new();
    }
    let head = head.to_vec();
    Summary { head, rows }.table_or_lines(3, width) + "\n"
}
