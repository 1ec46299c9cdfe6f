//! All about one target, to be opened.

use std::fmt::Write as _;

use bytesize::ByteSize;

use super::overview::{package, why};
use crate::artifacts::{IndexBinary, IndexBuild, IndexFile, IndexResult, IndexTarget};
use crate::harmless::harmless_html;
use crate::report::html::lines;
use crate::report::layout::outcome_word;
use crate::report::table::verdict_on;
use crate::verify::Outcome;

/// A part of the page that is closed at first.
pub(super) fn target(target: &IndexTarget) -> String {
    let folder = harmless_html(&target.folder());
    let (short, inside) = match &target.result {
        IndexResult::Published {
            folder,
            files,
            build,
        } => {
            let checks = build.iter().flat_map(|build| &build.binaries);
            let checks = checks.flat_map(|binary| &binary.checks);
            let mut inside = String::new();
            if let Some(build) = build {
                inside += &binaries(build);
                inside += &origin(build);
            }
            inside += &install(folder, files, build.as_deref());
            inside += &listed(folder, files);
            (harmless_html(&verdict_on(checks).to_string()), inside)
        }
        IndexResult::NotNeeded { .. } => (why(target), String::new()),
        IndexResult::Failed { exit_code, message } => (
            format!("<span class=\"bad\">FAILED ({exit_code})</span>"),
            format!(
                "<pre>{}</pre>\n<p>The log is in <code>{}</code>, if the build got that far.</p>\n",
                lines(message),
                harmless_html(&target.failed_folder())
            ),
        ),
    };
    let open = match &target.result {
        IndexResult::Failed { .. } => " open",
        IndexResult::Published { .. } | IndexResult::NotNeeded { .. } => "",
    };
    format!(
        "<details id=\"{folder}\"{open}><summary><strong>{folder}</strong> {short}</summary>\n{inside}</details>\n"
    )
}

fn binaries(build: &IndexBuild) -> String {
    let mut text = String::new();
    for IndexBinary {
        name,
        size,
        sha256,
        checks,
    } in &build.binaries
    {
        let _ = writeln!(
            text,
            "<h3>{}</h3>\n<p class=\"dim\">{} ({size} bytes), sha256 <code>{}</code></p>",
            harmless_html(name),
            ByteSize(*size),
            harmless_html(sha256)
        );
        if checks.is_empty() {
            continue;
        }
        text += "<table><tbody>\n";
        for check in checks {
            let class = match check.outcome {
                Outcome::Passed => "good",
                Outcome::Failed => "bad",
                Outcome::NotRun => "none",
            };
            let evidence: String = check
                .evidence
                .iter()
                .map(|line| format!("<li><code>{}</code></li>", harmless_html(line)))
                .collect();
            let evidence = if evidence.is_empty() {
                evidence
            } else {
                format!("<ul>{evidence}</ul>")
            };
            let _ = writeln!(
                text,
                "<tr><th>{}</th><td class=\"{class}\">{}</td><td>{}{evidence}</td></tr>",
                check.name,
                outcome_word(check.outcome),
                harmless_html(&check.found)
            );
        }
        text += "</tbody></table>\n";
    }
    text
}

fn origin(build: &IndexBuild) -> String {
    let patches = if build.patches.is_empty() {
        "none".to_owned()
    } else {
        build.patches.join(", ")
    };
    let rows = [
        (
            "source",
            Some(format!("{}, from {}", build.source, build.origin)),
        ),
        ("patches", Some(patches)),
        ("image", Some(build.image.clone())),
        ("toolchain", build.toolchain.clone()),
        (
            "built",
            Some(format!("{} to {}", build.started_at, build.built_at)),
        ),
        ("known holes", build.known_holes.clone()),
    ];
    let mut text = "<h3>Made from</h3>\n<dl>\n".to_owned();
    for (name, value) in rows {
        if let Some(value) = value {
            let _ = writeln!(text, "<dt>{name}</dt><dd>{}</dd>", harmless_html(&value));
        }
    }
    for warning in &build.warnings {
        let _ = writeln!(text, "<dt>warning</dt><dd>{}</dd>", harmless_html(warning));
    }
    text + "</dl>\n"
}

/// How to bring it to a node: by each of its packages, and by a script where it is a runc.
fn install(folder: &str, files: &[IndexFile], build: Option<&IndexBuild>) -> String {
    let mut commands = Vec::new();
    for file in files {
        let path = quoted(&format!("{folder}/{}", file.path));
        match package(&file.path) {
            Some("rpm") => commands.push(format!("rpm --upgrade {path}")),
            Some("deb") => commands.push(format!("dpkg --install {path}")),
            Some(_) => commands.push(format!("tar --zstd -xf {path}")),
            None => {}
        }
    }
    let mut binaries = build.into_iter().flat_map(|build| &build.binaries);
    if binaries.any(|binary| binary.name == "runc") {
        commands.push(format!(
            "kmembuild node-script {} -o node.sh",
            quoted(folder)
        ));
    }
    if commands.is_empty() {
        return String::new();
    }
    format!(
        "<h3>Bring it to a node</h3>\n<p>One of these:</p>\n<pre>{}</pre>\n",
        lines(&commands.join("\n"))
    )
}

fn listed(folder: &str, files: &[IndexFile]) -> String {
    let rows: String = files
        .iter()
        .map(|file| {
            let path = format!("{folder}/{}", file.path);
            let name = harmless_html(&file.path);
            // Other characters have a meaning in an address.
            let plain = |c: char| c.is_ascii_alphanumeric() || "._~+-/".contains(c);
            let link = if path.chars().all(plain) {
                format!("<a href=\"{path}\">{name}</a>")
            } else {
                name
            };
            format!(
                "<li>{link} <span class=\"dim\">{}, <code>{}</code></span></li>\n",
                ByteSize(file.size),
                harmless_html(&file.sha256)
            )
        })
        .collect();
    format!("<h3>Files</h3>\n<ul>\n{rows}</ul>\n")
}

fn quoted(path: &str) -> String {
    crate::events::command_line(&[path.to_owned()])
}
