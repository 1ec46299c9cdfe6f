//! Links between the pages.

use std::collections::BTreeSet;
use std::fs;

use super::pages::{pages, root};

/// The last part of the links to the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    let headings = headings.map(|line| line.trim_start_matches('#').trim());
    headings
        .map(|heading| {
            let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
            let heading = heading.to_lowercase();
            heading
                .chars()
                .filter(kept)
                .collect::<String>()
                .replace(' ', "-")
        })
        .collect()
}

#[test]
fn links_between_pages_lead_somewhere() {
    let link = regex_lite::Regex::new(r"\]\(([^)#]*)(?:#([^)]*))?\)").expect("a pattern");
    let mut seen = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        for found in link.captures_iter(&text) {
            let target = found.get(1).map_or("", |target| target.as_str());
            if target.contains("://") {
                continue;
            }
            seen += 1;
            let file = match target {
                "" => page.clone(),
                target => page.parent().expect("a directory").join(target),
            };
            assert!(file.exists(), "{}: {target} is not there", page.display());
            if let Some(anchor) = found.get(2) {
                let text = fs::read_to_string(&file).expect("a page");
                let anchor = anchor.as_str();
                let there = anchors(&text).contains(anchor);
                assert!(there, "{}: {target} has no {anchor}", page.display());
            }
        }
    }
    assert!(seen >= 8, "there are links between the pages");
}

#[test]
fn every_page_is_linked_from_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    for page in pages() {
        let name = page.file_name().expect("a name").to_string_lossy();
        if name != "README.md" {
            assert!(readme.contains(&format!("(docs/{name})")), "{name}");
        }
    }
}

#[test]
fn the_readme_says_of_every_page_that_something_was_not_tried() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let (_, section) = readme
        .split_once("## Tried and not tried\n")
        .expect("a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        let says = ["ot tried", "What has been tried"];
        if page.ends_with("README.md") || !says.iter().any(|words| text.contains(words)) {
            continue;
        }
        let name = page.file_name().expect("a name").display();
        let link = format!("(docs/{name})");
        assert!(section.contains(&link), "{link} is not in\n{section}");
    }
}
