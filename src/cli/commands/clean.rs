//! `kmembuild clean`.

use serde::Serialize;

use super::{Invocation, print};
use crate::cli::args::Format;
use crate::engine::OwnedKind;
use crate::execute::{Sweep, sweep};
use crate::failure::Failure;
use crate::plan::canonical_json;
use crate::report::JSON_FORMAT;

/// `clean --format json`.
#[derive(Serialize)]
struct Cleaned {
    format: u32,
    removed: Vec<Removed>,
}

#[derive(Serialize)]
struct Removed {
    kind: OwnedKind,
    id: String,
    name: String,
}

pub(super) async fn run(
    invocation: &Invocation<'_>,
    caches: bool,
    images: bool,
    all: bool,
) -> Result<(), Failure> {
    invocation.refuse_format(Format::Yaml)?;
    let engine = invocation.engine().await?;
    let what = Sweep {
        kept: true,
        foreign: all,
        volumes: caches,
        images,
    };
    let runs = invocation.environment.cache_dir.join("runs");
    let removed = invocation
        .unless_stopped(sweep(&engine, &runs, what))
        .await?;
    if invocation.json() {
        let removed = removed.into_iter().map(|thing| Removed {
            kind: thing.kind,
            id: thing.id,
            name: thing.name,
        });
        print(&canonical_json(&Cleaned {
            format: JSON_FORMAT,
            removed: removed.collect(),
        }))?;
    } else if removed.is_empty() {
        print("nothing to remove\n")?;
    } else {
        for thing in removed {
            print(&format!(
                "removed {} {}\n",
                format!("{:?}", thing.kind).to_lowercase(),
                thing.name
            ))?;
        }
    }
    Ok(())
}
