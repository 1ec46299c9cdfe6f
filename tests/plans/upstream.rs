//! Reads the checked-in facts again from a real clone of runc.
//!
//! Runs by hand only, when the recipe asks new questions about a tree or knows a new tag:
//!
//! ```text
//! RUNC_CLONE=/path/to/runc cargo test --test main plans::upstream -- --ignored
//! ```
//!
//! fails when a file differs, and writes it.

use std::path::PathBuf;
use std::time::Duration;

use kmembuild::facts::{Facts, GitFacts, SourceFacts, read_tree};
use kmembuild::plan::canonical_json;
use kmembuild::recipe::Source;
use kmembuild::source::{FetchRequest, Store};
use tokio_util::sync::CancellationToken;

use super::case::{facts_file, known_tags, shipped};
use crate::support::recorder::Recorder;

/// Tags that the recipe does not know and that show something else than those it knows.
pub const FURTHER_TAGS: [&str; 1] = ["v1.3.0"];

#[tokio::test]
#[ignore = "needs a clone of runc, named by RUNC_CLONE"]
async fn the_facts_are_those_of_upstream() {
    let clone = std::env::var("RUNC_CLONE").expect("RUNC_CLONE names a clone of runc");
    let cache = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&cache.path().join("runc.git")).expect("a store");
    let mut differing: Vec<PathBuf> = Vec::new();
    let further = FURTHER_TAGS.map(str::to_owned);
    for tag in known_tags().into_iter().chain(further) {
        let text = canonical_json(&read(&store, &clone, &tag).await);
        let file = facts_file("runc", &tag);
        if std::fs::read_to_string(&file).ok().as_ref() != Some(&text) {
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder for facts");
            std::fs::write(&file, text).expect("written facts");
            differing.push(file);
        }
    }
    assert!(differing.is_empty(), "written: {differing:#?}");
}

/// The facts of one tag, without the digests of what is shipped.
async fn read(store: &Store, clone: &str, tag: &str) -> Facts {
    let recipe = shipped("runc").recipe;
    let Source::Git(git) = &recipe.source else {
        panic!("runc comes from git");
    };
    let pins = git.tags.iter();
    let request = FetchRequest {
        urls: vec![clone.to_owned()],
        wanted: tag.to_owned(),
        pins: pins
            .map(|(tag, commit)| (tag.to_string(), commit.to_string()))
            .collect(),
        stall: Duration::from_secs(60),
        refresh: false,
    };
    let served = store
        .fetch(&request, &Recorder::default(), &CancellationToken::new())
        .await
        .unwrap_or_else(|error| panic!("{tag}: {error}"));
    let tree = store.tree(&served.tree).expect("a tree");
    Facts {
        recipe_sha256: String::new(),
        patches: std::collections::BTreeMap::new(),
        source: SourceFacts::Git(GitFacts {
            tag: served.tag,
            commit: served.commit,
            tree: served.tree,
            commit_time: served.commit_time,
            files: read_tree(&recipe, &tree).expect("facts of the tree"),
        }),
        engine_architecture: "amd64".to_owned(),
        image_archive: None,
    }
}
