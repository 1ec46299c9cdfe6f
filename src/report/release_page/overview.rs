//! What a release has, in a table, and what moved since the one before.

use std::fmt::Write as _;

use bytesize::ByteSize;

use crate::artifacts::{Index, IndexBinary, IndexBuild, IndexHow, IndexResult, IndexTarget};
use crate::harmless::harmless_html;
use crate::number_of::number_of;
use crate::report::table::counted;
use crate::verify::{CheckName, Outcome};

/// What the release comes to, in a sentence.
pub(super) fn verdict(index: &Index) -> String {
    let (mut published, mut failed, mut not_needed) = (0, 0, 0);
    let (mut off, mut judged) = (0, 0);
    for target in &index.targets {
        match &target.result {
            IndexResult::Published { build, .. } => {
                published += 1;
                for binary in build.iter().flat_map(|build| &build.binaries) {
                    if let Some(outcome) = accounting(binary).map(|(outcome, _)| outcome) {
                        judged += 1;
                        off += u32::from(outcome == Outcome::Passed);
                    }
                }
            }
            IndexResult::Failed { .. } => failed += 1,
            IndexResult::NotNeeded { .. } => not_needed += 1,
        }
    }
    let targets = number_of(index.targets.len(), "target");
    let mut text = format!("{targets}: {published} published");
    if not_needed > 0 {
        let _ = write!(text, ", {not_needed} not needed");
    }
    if failed > 0 {
        let _ = write!(text, ", <span class=\"bad\">{failed} failed</span>");
    }
    if judged > 0 {
        let programs = number_of(judged, "program");
        let class = if off == judged { "good" } else { "bad" };
        let _ = write!(
            text,
            ". <span class=\"{class}\">Accounting is off in {off} of {programs}</span>"
        );
    }
    text + "."
}

/// What was found of accounting in a binary, where it was judged.
pub(super) fn accounting(binary: &IndexBinary) -> Option<(Outcome, &str)> {
    let mut checks = binary.checks.iter();
    let kmem = checks.find(|check| check.name == CheckName::Kmem)?;
    Some((kmem.outcome, &kmem.found))
}

/// The table of all targets.
pub(super) fn overview(index: &Index) -> String {
    let rows: String = index.targets.iter().map(row).collect();
    format!(
        "<table class=\"overview\"><thead><tr><th>Target</th><th>Result</th><th>Accounting</th><th>Checks</th><th>Size</th>\
         <th>Packages</th></tr></thead><tbody>\n{rows}</tbody></table>\n"
    )
}

fn row(target: &IndexTarget) -> String {
    let folder = harmless_html(&target.folder());
    let (result, build) = match &target.result {
        IndexResult::Published { files, build, .. } => {
            let how = match target.how {
                Some(IndexHow::Built) => "built",
                Some(IndexHow::Cached) => "from the cache",
                Some(IndexHow::Unchanged) | None => "unchanged",
            };
            let packages = files.iter().filter_map(|file| package(&file.path));
            let packages: Vec<_> = packages.collect();
            (
                format!("<span class=\"good\">{how}</span>"),
                Some((build, packages.join(", "))),
            )
        }
        IndexResult::NotNeeded { .. } => {
            ("<span class=\"none\">not needed</span>".to_owned(), None)
        }
        IndexResult::Failed { exit_code, .. } => (
            format!("<span class=\"bad\">FAILED ({exit_code})</span>"),
            None,
        ),
    };
    let cells = match build {
        Some((Some(build), packages)) => [
            ("Accounting", found(build)),
            ("Checks", checks(build)),
            ("Size", size(build)),
            ("Packages", packages),
        ],
        Some((None, packages)) => [
            ("Accounting", String::new()),
            ("Checks", String::new()),
            ("Size", String::new()),
            ("Packages", packages),
        ],
        None => [
            ("Why", why(target)),
            ("Checks", String::new()),
            ("Size", String::new()),
            ("Packages", String::new()),
        ],
    };
    let cell = |(head, text): (&str, String)| match text.as_str() {
        // On a narrow screen it is not there at all.
        "" => "<td></td>".to_owned(),
        text => format!("<td data-head=\"{head}\">{text}</td>"),
    };
    let cells: String = [("Result", result)]
        .into_iter()
        .chain(cells)
        .map(cell)
        .collect();
    format!("<tr><th><a href=\"#{folder}\">{folder}</a></th>{cells}</tr>\n")
}

/// The kind of a package, by the end of its name.
pub(super) fn package(path: &str) -> Option<&'static str> {
    ["rpm", "deb", "tar.zst"].into_iter().find(|kind| {
        path.strip_suffix(kind)
            .is_some_and(|name| name.ends_with('.'))
    })
}

/// Why there is no result.
pub(super) fn why(target: &IndexTarget) -> String {
    match &target.result {
        IndexResult::Published { .. } => String::new(),
        IndexResult::NotNeeded { reason } => harmless_html(reason),
        IndexResult::Failed { message, .. } => {
            let first = message.lines().next().unwrap_or_default();
            harmless_html(first.trim_end_matches(':'))
        }
    }
}

fn found(build: &IndexBuild) -> String {
    let mut texts = Vec::new();
    for binary in &build.binaries {
        if let Some((outcome, found)) = accounting(binary) {
            let class = if outcome == Outcome::Passed {
                "good"
            } else {
                "bad"
            };
            texts.push(format!(
                "{} <span class=\"{class}\">{}</span>",
                harmless_html(&binary.name),
                harmless_html(found)
            ));
        }
    }
    texts.join("<br>")
}

fn checks(build: &IndexBuild) -> String {
    let checks = build.binaries.iter().flat_map(|binary| &binary.checks);
    counted(checks).replace(" checks passed", "")
}

fn size(build: &IndexBuild) -> String {
    ByteSize(build.binaries.iter().map(|binary| binary.size).sum()).to_string()
}

/// What is different from the release before; empty where nothing is known of one.
pub(super) fn changes(index: &Index) -> String {
    let mut lines = String::new();
    for target in &index.targets {
        let folder = harmless_html(&target.folder());
        for change in &target.changes {
            let _ = writeln!(lines, "<li>{folder}: {}</li>", harmless_html(change));
        }
    }
    for folder in &index.removed {
        let _ = writeln!(
            lines,
            "<li>{}: no longer in the release</li>",
            harmless_html(folder)
        );
    }
    if lines.is_empty() {
        return lines;
    }
    format!("<h2>What moved since the release before</h2>\n<ul>\n{lines}</ul>\n")
}
