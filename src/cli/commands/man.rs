//! `kmembuild man`.

use std::fs;
use std::path::Path;

use crate::cli::invocation::Invocation;
use crate::cli::output::print;
use crate::failure::{Failure, FailureKind};

pub(crate) fn run(invocation: &Invocation<'_>, folder: &Path) -> Result<(), Failure> {
    let mut command = invocation.command_with_recipes()?;
    // Sets the full name of every command.
    command.build();
    let unwritable = |path: &Path, error: &std::io::Error| {
        let text = format!("could not write the manual to {}: {error}", path.display());
        Failure::new(FailureKind::Output, text)
    };
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    let mut pages = Vec::new();
    write(&command, &mut pages);
    for (name, page) in pages {
        let path = folder.join(format!("{name}.1"));
        fs::write(&path, page).map_err(|error| unwritable(&path, &error))?;
        print(&format!("{}\n", path.display()))?;
    }
    Ok(())
}

/// Adds the page of the command and those of its subcommands, by name.
fn write(command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let page = clap_mangen::Man::new(command.clone())
        .title(name.to_uppercase())
        .manual("kmembuild");
    let mut text = Vec::new();
    // Writing to memory cannot fail.
    let _ = page.render(&mut text);
    pages.push((name.to_owned(), text));
    for inner in command.get_subcommands() {
        if inner.get_name() != "help" {
            write(inner, pages);
        }
    }
}
