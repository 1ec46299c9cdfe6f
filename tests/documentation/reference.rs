//! The reference of recipe fields in docs/recipes.md: made of the JSON schema, with examples out of the recipes.
//!
//! A page that differs fails the test. One command writes it anew:
//!
//! ```text
//! INSTA_UPDATE=always cargo test --test main documentation::
//! ```

use std::env;
use std::fs;

use kmembuild::recipe::json_schema;
use serde_json::Value;

use super::pages::root;
use super::recipe_fields::Reference;

/// What stands above the generated part of the page.
const MARK: &str =
    "<!-- Generated from `kmembuild recipes --schema`; see tests/documentation/reference.rs. -->\n";

/// The recipes that examples are taken from, by name.
fn recipes() -> Vec<(String, Value)> {
    let directories = ["recipes", "examples/custom-recipe/recipes"];
    let files = directories.iter().flat_map(|directory| {
        let directory = fs::read_dir(root().join(directory)).expect("recipes");
        directory.map(|entry| entry.expect("a recipe").path())
    });
    let mut files: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let text = fs::read_to_string(file).expect("a recipe");
        let recipe = serde_saphyr::from_str(&text).expect("YAML");
        (file.display().to_string(), recipe)
    };
    files.iter().map(read).collect()
}

#[test]
fn the_reference_is_that_of_the_schema() {
    let path = root().join("docs/recipes.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (above, shown) = page.split_once(MARK).expect("a generated part");
    let recipes: Vec<_> = recipes().into_iter().map(|(_, recipe)| recipe).collect();
    let generated = Reference::new(&json_schema(), &recipes).to_markdown();
    if shown.trim_start() != generated {
        if env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
            fs::write(&path, format!("{above}{MARK}\n{generated}")).expect("the page is written");
        }
        let differs = generated
            .lines()
            .zip(shown.trim_start().lines())
            .find(|(generated, shown)| generated != shown);
        panic!(
            "docs/recipes.md is not up to date; see {} on how to write it anew: {differs:?}",
            file!()
        );
    }
}

#[test]
fn the_recipes_match_the_schema_and_mistakes_do_not() {
    let schema = jsonschema::validator_for(&json_schema()).expect("a schema");
    for (file, recipe) in recipes() {
        let errors: Vec<_> = schema
            .iter_errors(&recipe)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{file}: {errors:?}");
        for (path, wrong) in [
            ("/format", Value::from(2)),
            ("/architectures", Value::from("amd64")),
            ("/images/default", Value::from("magic")),
            ("/build/steps/0/command", Value::from("make")),
        ] {
            let mut recipe = recipe.clone();
            *recipe.pointer_mut(path).expect("every recipe has it") = wrong;
            assert!(!schema.is_valid(&recipe), "{file}: {path}");
        }
        let mut recipe = recipe.clone();
        recipe["sorce"] = Value::from("an unknown field");
        assert!(!schema.is_valid(&recipe), "{file}");
    }
}
