//! `vendor.conf`, read by vndr and trash.

use std::collections::BTreeSet;

use super::super::component::{Component, ComponentKind};
use super::super::error::VendoredError;

/// The components: an import path, a version or commit, and sometimes another URL to fetch from.
///
/// # Errors
/// [`VendoredError`] with the first line that has too few or too many fields, or a path that was listed before.
pub fn vendor_conf(text: &str) -> Result<Vec<Component>, VendoredError> {
    let mut seen = BTreeSet::new();
    let mut components = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let bad = |problem: String| VendoredError {
            file: "vendor.conf",
            line: index + 1,
            problem,
        };
        let content = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = content.split_whitespace().collect();
        let (name, version, source) = match words[..] {
            [] => continue,
            [name, version] => (name, version, None),
            [name, version, source] => (name, version, Some(source)),
            _ => {
                return Err(bad(format!(
                    "{:?} is not an import path, a version and an optional URL",
                    content.trim()
                )));
            }
        };
        if !seen.insert(name) {
            return Err(bad(format!("{name} is listed twice")));
        }
        components.push(Component {
            name: name.to_owned(),
            version: version.to_owned(),
            source: source.map(str::to_owned),
            kind: ComponentKind::GoModule,
        });
    }
    Ok(components)
}
