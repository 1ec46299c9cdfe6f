//! `kmembuild cache show`.

use std::fmt::Write as _;
use std::fs;
use std::time::SystemTime;

use serde::Serialize;

use super::remarks::{Remarks, integrity, size, time, unreadable};
use crate::artifacts::cache::{ENTRY, Entry, EntryFile};
use crate::artifacts::{MANIFEST, Manifest, ManifestSource};
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::events::Warning;
use crate::failure::{Failure, FailureKind};
use crate::number_of::number_of;
use crate::report::{Closing, Summary, Text, output_width};

/// `cache show --format json`.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Shown<'a> {
    key: &'a str,
    folder: String,
    recipe: &'a str,
    version: &'a str,
    platform: &'a str,
    size: u64,
    last_used: String,
    files: &'a [EntryFile],
    /// How it was built; `None` if that cannot be read.
    manifest: Option<&'a Manifest>,
    remarks: Vec<String>,
    #[serde(flatten)]
    closing: Closing,
}

pub(crate) fn run(invocation: &Invocation<'_>, beginning: &str) -> Result<(), Failure> {
    let key = the_one(invocation, beginning)?;
    let results = invocation.workspace.results();
    let entry = match results.look_up(&key) {
        Ok(Some(entry)) => entry,
        Ok(None) => {
            let folder = results.entry_folder(&key);
            let text = format!("{} has no list of its files", folder.display());
            return Err(integrity(text).hint(REMEDY));
        }
        Err(damage) => return Err(integrity(damage.to_string()).hint(REMEDY)),
    };
    let folder = results.entry_folder(&key);
    let used = fs::metadata(folder.join(ENTRY)).and_then(|metadata| metadata.modified());
    let last_used = time(used.unwrap_or(SystemTime::UNIX_EPOCH));
    let mut remarks = Remarks::default();
    let manifest = fs::read(folder.join(MANIFEST))
        .map_err(|error| error.to_string())
        .and_then(|text| {
            serde_json::from_slice::<Manifest>(&text).map_err(|error| error.to_string())
        });
    let manifest = manifest
        .inspect_err(|reason| {
            let path = folder.join(MANIFEST).display().to_string();
            remarks.add(Warning::Unreadable(path, reason.clone()));
        })
        .ok();
    remarks.tell(invocation);
    let closing = Closing::new(format!(
        "{} {} for {}: {}, {}, last used {last_used}",
        entry.recipe,
        entry.version,
        entry.platform,
        number_of(entry.files.len(), "file"),
        size(entry.size()),
    ));
    // What was stored long ago may have suffered since.
    let closing = closing.next(&["cache", "verify"]);
    if invocation.json() {
        return print_document(&Shown {
            key: &key,
            folder: folder.display().to_string(),
            recipe: &entry.recipe,
            version: &entry.version,
            platform: &entry.platform,
            size: entry.size(),
            last_used,
            files: &entry.files,
            manifest: manifest.as_ref(),
            remarks: remarks.into_texts(),
            closing,
        });
    }
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:10} {value}");
    };
    line("key", &key);
    line("recipe", &entry.recipe);
    line("version", &entry.version);
    line("platform", &entry.platform);
    for (name, value) in manifest.iter().flat_map(origin) {
        line(name, &value);
    }
    line("last used", &last_used);
    line("directory", &folder.display().to_string());
    line("size", &size(entry.size()));
    let files = files(&entry, output_width(invocation.environment));
    print(&(Text::from(text) + files + closing.text()))
}

const REMEDY: &str = "use `kmembuild cache verify --remove` to remove it; it is rebuilt on demand";

/// The only key that starts with `beginning`.
fn the_one(invocation: &Invocation<'_>, beginning: &str) -> Result<String, Failure> {
    let refuse = |text: String| Failure::new(FailureKind::Usage, text);
    let found = invocation
        .workspace
        .results()
        .find(&beginning.to_lowercase());
    let mut found = found.map_err(|error| refuse(unreadable(invocation, &error).to_string()))?;
    match found.len() {
        0 => {
            let text = format!("no result in the cache has a key that starts with {beginning}");
            Err(refuse(text).hint("use `kmembuild cache list` to see the results and their keys"))
        }
        1 => Ok(found.remove(0)),
        number => {
            let text = format!("{beginning} is ambiguous; it matches {number} results");
            let keys = found.join(", ");
            Err(refuse(text).hint(format!("use more digits of one of these keys: {keys}")))
        }
    }
}

/// What a result was built from, when and by what.
fn origin(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let source = match &manifest.source {
        ManifestSource::Git {
            url, tag, commit, ..
        } => {
            let tag = tag.as_deref().unwrap_or("no tag");
            format!("{url}, {tag}, commit {commit}")
        }
        ManifestSource::Directory { path, package, .. } => {
            format!("{path} of the package {package}")
        }
    };
    vec![
        ("source", source),
        (
            "image",
            format!("{}, {}", manifest.image.name, manifest.image.id),
        ),
        ("built", manifest.built_at.clone()),
        ("by", format!("{} on {}", manifest.tool, manifest.engine)),
    ]
}

fn files(entry: &Entry, width: u16) -> Text {
    let rows = entry.files.iter().map(|file| {
        vec![
            file.name.clone(),
            size(file.size),
            format!("{:o}", file.mode),
            file.sha256.clone(),
        ]
    });
    Summary {
        head: vec!["file", "size", "mode", "sha256"],
        rows: rows.collect(),
    }
    .table_or_lines(1, width)
}
