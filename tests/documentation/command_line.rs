//! What the code says about exit codes, environment variables and files is what the pages say.
//!
//! A page that differs fails the test. One command writes it anew:
//!
//! ```text
//! INSTA_UPDATE=always cargo test --test main documentation::
//! ```

use std::env;
use std::fs;

use kmembuild::cli::FILES;
use kmembuild::environment::VARIABLES;
use kmembuild::failure::EXIT_CODES;

use super::pages::root;

/// What stands above the generated part of the page.
const MARK: &str = "<!-- Generated from the code; see tests/documentation/command_line.rs. -->\n";

fn generated() -> String {
    let mut text = "\n## Environment variables\n\n| variable | meaning |\n|---|---|\n".to_owned();
    for (name, meaning) in VARIABLES {
        text += &format!("| `{name}` | {meaning} |\n");
    }
    text += "\n## Files\n\n| file or directory | content |\n|---|---|\n";
    for (path, meaning) in FILES {
        text += &format!("| `{path}` | {meaning} |\n");
    }
    text
}

#[test]
fn variables_and_files_are_those_of_the_code() {
    let path = root().join("docs/command-line.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (above, shown) = page.split_once(MARK).expect("a generated part");
    let generated = generated();
    if shown != generated {
        if env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
            fs::write(&path, format!("{above}{MARK}{generated}")).expect("the page is written");
        }
        panic!(
            "docs/command-line.md is not up to date; see {} on how to write it anew",
            file!()
        );
    }
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_code() {
    let page = fs::read_to_string(root().join("README.md")).expect("the page");
    let (_, section) = page.split_once("\n## Exit codes").expect("a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let code: u8 = cells.get(1)?.parse().ok()?;
        Some((code, *cells.get(2)?))
    });
    assert_eq!(rows.collect::<Vec<_>>(), EXIT_CODES);
}
