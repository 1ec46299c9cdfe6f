//! `kmembuild man`.

use std::fs;
use std::path::Path;

use crate::cli::invocation::Invocation;
use crate::cli::manual::pages;
use crate::cli::output::print;
use crate::failure::{Failure, FailureKind};
use crate::report::Closing;

pub(crate) fn run(invocation: &Invocation<'_>, folder: &Path) -> Result<(), Failure> {
    let mut command = invocation.command_with_recipes()?;
    // Sets the full name of every command.
    command.build();
    let unwritable = |path: &Path, error: &std::io::Error| {
        let text = format!("could not write the manual to {}: {error}", path.display());
        Failure::new(FailureKind::Output, text)
    };
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    let pages = pages(&command);
    for (name, page) in &pages {
        let path = folder.join(format!("{name}.1"));
        fs::write(&path, page).map_err(|error| unwritable(&path, &error))?;
    }
    let first = folder.join("kmembuild.1").display().to_string();
    // A word with a slash is a file to `man`, not the name of a page.
    let first = if first.contains('/') {
        first
    } else {
        format!("./{first}")
    };
    let verdict = format!(
        "{} manual pages written to {}",
        pages.len(),
        folder.display()
    );
    print(&Closing::new(verdict).program(&["man", &first]).text())
}
