//! The `FROM` lines of a Dockerfile.

use std::collections::{BTreeMap, BTreeSet};

/// Most images of a Dockerfile, and longest name of one. A Dockerfile comes with a source tree: one of a few kilobytes must
/// not become names of gigabytes, by an argument that is put in over and over.
const MOST_IMAGES: usize = 256;
const LONGEST_NAME: usize = 4096;

/// The images that a Dockerfile starts from, in order and once each, with the defaults of its leading `ARG` lines
/// filled in. `scratch` and the names of earlier stages are left out, because nothing is pulled for them. What comes after
/// more images than any Dockerfile has is left to the engine, which pulls what it lacks by itself.
pub fn base_images(dockerfile: &str) -> Vec<String> {
    let mut arguments = BTreeMap::new();
    let mut stages = BTreeSet::new();
    let mut images: Vec<String> = Vec::new();
    let mut before_first_stage = true;
    for line in dockerfile.lines().map(str::trim) {
        let mut words = line.split_whitespace();
        match words.next().map(str::to_ascii_uppercase).as_deref() {
            Some("ARG") if before_first_stage => {
                for word in words {
                    let (name, value) = word.split_once('=').unwrap_or((word, ""));
                    arguments.insert(name.to_owned(), value.trim_matches(['"', '\'']).to_owned());
                }
            }
            Some("FROM") if images.len() < MOST_IMAGES => {
                before_first_stage = false;
                let mut words = words.skip_while(|word| word.starts_with("--"));
                let Some(image) = words.next() else { continue };
                let image = put_in(image, &arguments);
                if !stages.contains(&image) && image != "scratch" && !images.contains(&image) {
                    images.push(image);
                }
                if words
                    .next()
                    .is_some_and(|word| word.eq_ignore_ascii_case("as"))
                    && let Some(stage) = words.next()
                {
                    stages.insert(stage.to_owned());
                }
            }
            _ => {}
        }
    }
    images
}

/// `text` with `$NAME`, `${NAME}` and `${NAME:-default}` replaced, up to where it is too long for a name.
fn put_in(text: &str, arguments: &BTreeMap<String, String>) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        let (reference, remaining) = if let Some(braced) = after.strip_prefix('{') {
            braced.split_once('}').unwrap_or((braced, ""))
        } else {
            let end = after
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(after.len());
            after.split_at(end)
        };
        let (name, default) = reference.split_once(":-").unwrap_or((reference, ""));
        let value = arguments.get(name).filter(|value| !value.is_empty());
        result.push_str(value.map_or(default, String::as_str));
        rest = remaining;
        if result.len() > LONGEST_NAME {
            break;
        }
    }
    result.push_str(rest);
    result.truncate(result.floor_char_boundary(LONGEST_NAME));
    result
}
