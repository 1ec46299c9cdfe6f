//! `kmembuild recipes`.

use std::path::Path;

use serde::Serialize;

use crate::cli::args::{RecipesArguments, RecipesCommand};
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document, print_exact};
use crate::failure::Failure;
use crate::harmless::harmless;
use crate::library::Origin;
use crate::number_of::number_of;
use crate::plan::canonical_json;
use crate::recipe::json_schema;
use crate::report::{Closing, Summary, Text, Tone, output_width};

/// `recipes list --format json`.
#[derive(Serialize)]
struct RecipeList {
    recipes: Vec<ListedRecipe>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ListedRecipe {
    name: String,
    summary: Option<String>,
    origin: String,
    replaces_built_in: bool,
    problem: Option<String>,
}

pub(crate) fn run(
    invocation: &Invocation<'_>,
    arguments: &RecipesArguments,
) -> Result<(), Failure> {
    if arguments.schema {
        return print_exact(&canonical_json(&json_schema()));
    }
    let Some(action) = &arguments.action else {
        return list(invocation);
    };
    match action {
        RecipesCommand::List { .. } => list(invocation),
        RecipesCommand::Show { name } => {
            let loaded = invocation.workspace.library.load(name)?;
            let mut text = format!("# from: {}\n# sha256: {}\n", loaded.origin, loaded.sha256);
            if loaded.origin != Origin::Embedded && is_embedded(invocation, name)? {
                text.push_str("# replaces the built-in recipe of this name\n");
            }
            // `export` writes it as it is.
            print_exact(&harmless(&(text + &loaded.text)))
        }
        RecipesCommand::Export { name, dir } => {
            let loaded = invocation.workspace.library.load(name)?;
            let files = loaded.export(dir)?;
            for file in &files {
                print(&format!("{}\n", file.display()))?;
            }
            let files = number_of(files.len(), "file");
            let closing = Closing::new(format!("{name}: {files} in {}", dir.display()));
            let recipe = dir.join(format!("{name}.yaml")).display().to_string();
            print(&closing.next(&["recipes", "check", &recipe]).text())
        }
        RecipesCommand::Check { file } => {
            let loaded = invocation.workspace.library.load_file(file)?;
            let patches = number_of(loaded.patches.len(), "patch");
            let name = loaded.recipe.name.as_str();
            let verdict = format!("{}: recipe {name} is valid ({patches})", file.display());
            let closing = Closing::new(verdict);
            // Recipes are found by the names of their files.
            let is_found = file
                .file_name()
                .is_some_and(|file| *file == *format!("{name}.yaml"));
            let dir = file.parent().filter(|dir| *dir != Path::new(""));
            let dir = dir.unwrap_or(Path::new(".")).display().to_string();
            let words = [name, "--help", "--recipe-dir", &dir];
            print(
                &if is_found {
                    closing.next(&words)
                } else {
                    closing
                }
                .text(),
            )
        }
    }
}

fn is_embedded(invocation: &Invocation<'_>, name: &str) -> Result<bool, Failure> {
    let listed = invocation.workspace.library.list()?;
    Ok(listed
        .iter()
        .any(|entry| entry.name == name && entry.replaces_embedded))
}

fn list(invocation: &Invocation<'_>) -> Result<(), Failure> {
    let mut recipes = Vec::new();
    for entry in invocation.workspace.library.list()? {
        // One bad file of the user's must not hide the others.
        let (summary, problem) = match invocation.workspace.library.load(&entry.name) {
            Ok(loaded) => (Some(loaded.recipe.summary), None),
            Err(error) => {
                let text = Failure::from(error).render();
                let text = text.strip_prefix("error: ").unwrap_or(&text);
                (None, Some(text.trim_end().to_owned()))
            }
        };
        recipes.push(ListedRecipe {
            name: entry.name,
            summary,
            origin: entry.origin.to_string(),
            replaces_built_in: entry.replaces_embedded,
            problem,
        });
    }
    if invocation.json() {
        return print_document(&RecipeList { recipes });
    }
    let rows = recipes.into_iter().map(|recipe| {
        let mut what = match recipe.summary {
            Some(summary) => Text::from(summary),
            None => Text::toned(Tone::Bad, "cannot be used"),
        };
        what += format!(" ({})", recipe.origin);
        for line in recipe.problem.iter().flat_map(|problem| problem.lines()) {
            what += format!("\n  {line}");
        }
        vec![Text::toned(Tone::Title, recipe.name), what]
    });
    let (head, rows) = (Vec::new(), rows.collect());
    print(&Summary { head, rows }.table(1, output_width(invocation.environment)))
}
