//! Plans and builds a version of a recipe through the library alone:
//!
//! ```text
//! cargo run --example build -- DIRECTORY RECIPE VERSION SOURCE
//! ```
//!
//! DIRECTORY has the recipe in `recipes/` and gets the result in `dist/`; SOURCE is a URL or a clone. The engine is the one
//! that `DOCKER_HOST` or Docker's own socket leads to.

use std::error::Error;
use std::path::Path;

use futures_util::FutureExt as _;
use kmembuild::build::{
    BuildOrder, BuildResult, Connect, SourceChoice, Subject, Workspace, carry_out, prepare,
};
use kmembuild::engine::{Address, connect_docker};
use kmembuild::events::{Event, Sink};
use kmembuild::library::Library;
use kmembuild::report::{self, Verbosity};

/// Shows what goes on, a line each.
struct Lines;

impl Sink for Lines {
    fn event(&self, event: &Event) {
        if let Some(line) = report::line(event, Verbosity::Normal) {
            eprintln!("{line}");
        }
    }
}

/// Builds `version` of `recipe`, whose file is in `recipes/` of `directory`, into its `dist/`.
///
/// # Errors
/// What the library says.
pub async fn build(
    directory: &Path,
    recipe: &str,
    version: &str,
    source: &str,
    engine: Option<String>,
) -> Result<BuildResult, Box<dyn Error>> {
    let address = Address {
        host: engine,
        ..Address::default()
    };
    let connect: Connect = Box::new(move || {
        let address = address.clone();
        async move { connect_docker(&address, None).await }.boxed()
    });
    let library = Library::new(vec![directory.join("recipes")]);
    let workspace = Workspace::new(library, directory.join("cache"), connect);
    let subject = Subject::Version(version.to_owned());
    let mut order = BuildOrder::new(recipe, subject, directory.join("dist"));
    order.source = SourceChoice {
        urls: vec![source.to_owned()],
        // Whoever calls this names the place, and its word is taken for a tag that the recipe does not pin.
        unpinned: true,
        ..SourceChoice::default()
    };
    // `kmembuild::build::run` is the two together.
    let prepared = prepare(&order, &workspace, &Lines).await?;
    eprintln!("the plan is {}", prepared.plan.digest());
    Ok(carry_out(&order, &prepared, &workspace, &Lines).await?)
}

/// Builds what the command line names.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, recipe, version, source] = arguments.as_slice() else {
        return Err("usage: build DIRECTORY RECIPE VERSION SOURCE".into());
    };
    let engine = std::env::var("DOCKER_HOST").ok();
    let result = build(Path::new(directory), recipe, version, source, engine).await?;
    for file in &result.manifest.files {
        println!("{}  {}", file.sha256, file.name);
    }
    Ok(())
}
