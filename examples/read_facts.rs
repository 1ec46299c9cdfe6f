//! Reads the facts that a plan needs from a clone, and writes them as fixtures for the tests:
//!
//! ```text
//! cargo run --example read_facts -- runc /path/to/runc tests/fixtures/facts/runc v1.0.0-rc10 v1.0.0-rc93
//! ```
//!
//! Run it when a recipe has new conditions for a source tree, or a new tag. It is also a small example of how to use the
//! crate.

use std::path::Path;
use std::time::Duration;

use kmembuild::events::{Event, Sink};
use kmembuild::facts::{Facts, GitFacts, SourceFacts, read_tree};
use kmembuild::library::Library;
use kmembuild::plan::canonical_json;
use kmembuild::recipe::Source;
use kmembuild::source::{FetchRequest, Store};
use tokio_util::sync::CancellationToken;

/// Prints mirrors that fail.
struct Problems;

impl Sink for Problems {
    fn event(&self, event: &Event) {
        if let Event::MirrorFailed {
            wanted,
            mirror,
            reason,
        } = event
        {
            eprintln!("{wanted}: {mirror} failed: {reason}");
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [recipe, clone, directory, tags @ ..] = arguments.as_slice() else {
        return Err("usage: read_facts RECIPE CLONE DIRECTORY TAG...".into());
    };
    let recipe = Library::new(Vec::new()).load(recipe)?.recipe;
    let Source::Git(git) = &recipe.source else {
        return Err("the source of the recipe is not a git repository".into());
    };
    let cache = tempfile::tempdir()?;
    let store = Store::open(cache.path())?;
    std::fs::create_dir_all(directory)?;
    let pins = git
        .tags
        .iter()
        .map(|(tag, commit)| (tag.to_string(), commit.to_string()));
    let mut request = FetchRequest {
        urls: vec![clone.clone()],
        wanted: String::new(),
        pins: pins.collect(),
        upstream: Some(clone.clone()),
        unpinned: false,
        stall: Duration::from_mins(1),
        refresh: false,
        offline: false,
        skip_moved: false,
    };
    for tag in tags {
        request.wanted.clone_from(tag);
        let served = store
            .fetch(&request, &Problems, &CancellationToken::new())
            .await?;
        // Digests of the recipe and its patches are not facts of the tree; the tests fill them in.
        let facts = Facts {
            recipe_sha256: String::new(),
            patches: std::collections::BTreeMap::new(),
            source: SourceFacts::Git(GitFacts {
                tag: served.tag,
                commit: served.commit,
                files: read_tree(&recipe, &store.tree(&served.tree)?)?,
                tree: served.tree,
                commit_time: served.commit_time,
            }),
            engine_architecture: "amd64".to_owned(),
            image_archive: None,
            container: None,
        };
        std::fs::write(
            Path::new(directory).join(format!("{tag}.json")),
            canonical_json(&facts),
        )?;
    }
    Ok(())
}
