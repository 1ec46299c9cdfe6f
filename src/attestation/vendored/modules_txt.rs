//! `vendor/modules.txt`, written by `go mod vendor`.

use super::super::component::{Component, ComponentKind};
use super::super::error::VendoredError;

/// The modules with vendored packages, in the order of the list. A replaced module has the version and the source of its
/// replacement.
///
/// # Errors
/// [`VendoredError`] with the first invalid line.
pub fn modules_txt(text: &str) -> Result<Vec<Component>, VendoredError> {
    let mut components: Vec<Component> = Vec::new();
    // The module of the current section, until its first package.
    let mut waiting: Option<Component> = None;
    let mut module: Option<String> = None;
    for (index, line) in text.lines().enumerate() {
        let bad = |problem: String| VendoredError {
            file: "vendor/modules.txt",
            line: index + 1,
            problem,
        };
        let line = line.trim_end();
        if line.is_empty() {
            continue;
        }
        if let Some(note) = line.strip_prefix("##") {
            // `## workspace` is about all modules and comes first.
            if module.is_none() && note.trim() != "workspace" {
                return Err(bad(format!("{line:?} comes before any module")));
            }
        } else if let Some(header) = line.strip_prefix('#') {
            let component = section(header).map_err(bad)?;
            module = Some(component.name.clone());
            waiting = Some(component);
        } else {
            let path = line;
            let Some(module) = &module else {
                return Err(bad(format!("the package {path:?} comes before any module")));
            };
            let rest = path.strip_prefix(module.as_str());
            if path.contains(char::is_whitespace)
                || !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            {
                return Err(bad(format!(
                    "{path:?} is not a package of the module {module}"
                )));
            }
            components.extend(waiting.take());
        }
    }
    Ok(components)
}

/// `module version`, `module version => path [version]` or, for a replacement of all versions, `module => ...`.
fn section(header: &str) -> Result<Component, String> {
    let words: Vec<&str> = header.split_whitespace().collect();
    let (name, version, source) = match words[..] {
        [name, version] => (name, version, None),
        [name, "=>", path] => (name, "", Some(path)),
        [name, "=>", path, version]
        | [name, version, "=>", path]
        | [name, _, "=>", path, version] => (name, version, Some(path)),
        _ => {
            return Err(format!(
                "{:?} is not `# module version`, with or without `=> replacement`",
                format!("#{header}")
            ));
        }
    };
    if name == "=>" || version == "=>" {
        return Err(format!(
            "name or version missing in {:?}",
            format!("#{header}")
        ));
    }
    Ok(Component {
        name: name.to_owned(),
        version: version.to_owned(),
        source: source.map(str::to_owned),
        kind: ComponentKind::GoModule,
    })
}
