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

#[cfg(test)]
mod tests {
    use super::vendor_conf;

    #[test]
    fn reads_paths_versions_and_urls() {
        let text = "# OCI runtime-spec\ngithub.com/opencontainers/runtime-spec v1.0.0\n\n\
            golang.org/x/sys\t95c6576299259db960f6c5b9b69ea52422860fce\t\
            https://github.com/golang/sys # a mirror\r\n  \n";
        let found = vendor_conf(text).expect("a good list");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].version, "v1.0.0");
        assert_eq!(found[0].source, None);
        assert_eq!(found[1].name, "golang.org/x/sys");
        assert_eq!(
            found[1].source.as_deref(),
            Some("https://github.com/golang/sys")
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line) in [
            ("a v1\nb\n", 2),
            ("a v1 u w\n", 1),
            ("# x\n\na v1\na v2\n", 4),
            ("a # v1\n", 1),
        ] {
            assert_eq!(vendor_conf(text).expect_err(text).line, line);
        }
    }
}
