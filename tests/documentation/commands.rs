//! Every command of the tool that a page shows is one that its command line accepts.

use std::fs;

use kmembuild::cli::{NamedRecipe, command_with_recipes};

use super::pages::{pages, root};

/// The command of the tool in a line of a page: at its start, in a comment of an example, or behind a pipe.
fn command(line: &str) -> Option<Vec<String>> {
    let line = line.strip_prefix('#').unwrap_or(line).trim_start();
    let start = line.find("kmembuild ")?;
    let behind_a_pipe = line[..start].ends_with("| ");
    let in_a_block = line.starts_with("kmembuild ") && !line.ends_with('.');
    if !(behind_a_pipe || in_a_block) {
        return None;
    }
    let command = line[start..].split("  #").next().unwrap_or_default();
    let command = command.split(" # ").next().unwrap_or_default();
    let words = shlex::split(command)?;
    let end = |word: &String| word.starts_with(['|', '>']) || word == "&&";
    let end = words.iter().position(end).unwrap_or(words.len());
    Some(words[..end].to_vec())
}

/// The lines that a page shows as code: indented by four, or between fences.
fn code(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced || line.starts_with("    ") {
            lines.push(line.trim_start());
        }
    }
    lines
}

#[test]
fn every_command_on_a_page_is_accepted() {
    let recipes = ["hello", "kubelet", "runc", "runc-debian"];
    let recipes = recipes.map(|name| NamedRecipe { name, recipe: None });
    let accepted = command_with_recipes(&recipes);
    let example = root().join("examples/custom-recipe/README.md");
    let mut seen = 0;
    for page in pages().into_iter().chain([example]) {
        let text = fs::read_to_string(&page).expect("a page");
        for words in code(&text).into_iter().filter_map(command) {
            seen += 1;
            let read = accepted.clone().try_get_matches_from(&words);
            if let Err(error) = read {
                assert!(
                    !error.use_stderr(),
                    "{}: {words:?}: {error}",
                    page.display()
                );
            }
        }
    }
    assert!(seen >= 40, "only {seen} commands were found on the pages");
}
