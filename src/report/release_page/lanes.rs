//! What was done when, in a lane for each target.

use std::fmt::Write as _;
use std::time::Duration;

use crate::artifacts::{Index, IndexHow, IndexStage, IndexTarget};
use crate::harmless::harmless_html;
use crate::report::plain::duration;

/// Parts of the axis.
const PARTS: u32 = 4;

/// The kinds of stages, with what the legend says of them.
const KINDS: [(&str, &str); 8] = [
    ("source", "source"),
    ("image", "image"),
    ("wait", "waiting for a node"),
    ("step", "steps of the recipe"),
    ("check", "checks"),
    ("publish", "packages and publishing"),
    ("cached", "not built: cached or unchanged"),
    ("failed", "failed"),
];

/// The lanes of the run of an index; empty where it does not tell of one.
pub(super) fn lanes(index: &Index) -> String {
    let Some(run) = &index.run else {
        return String::new();
    };
    let whole = run.milliseconds.max(1);
    let mut used = Vec::new();
    let mut text = String::new();
    for target in &index.targets {
        text += &lane(target, whole, &mut used);
    }
    if used.is_empty() {
        return String::new();
    }
    let legend = KINDS.iter().filter(|(kind, _)| used.contains(kind));
    let legend: String = legend
        .map(|(kind, text)| format!("<span><i class=\"{kind}\"></i>{text}</span> "))
        .collect();
    format!(
        "<h2>The run</h2>\n<p class=\"legend\">{legend}</p>\n<div class=\"lanes\">\n{text}{}</div>\n",
        axis(whole)
    )
}

fn lane(target: &IndexTarget, whole: u64, used: &mut Vec<&'static str>) -> String {
    let mut bars = String::new();
    for stage in &target.stages {
        let kind = kind(target, stage);
        if !used.contains(&kind) {
            used.push(kind);
        }
        let name = harmless_html(&stage.name);
        let time = time(stage.milliseconds);
        let end = if stage.failed { ", then failed" } else { "" };
        let place = place(stage);
        let _ = write!(
            bars,
            "<span class=\"{kind}\" style=\"left:{:.2}%;width:{:.2}%\" title=\"{name}: {time}{place}{end}\"></span>",
            percent(stage.after, whole),
            percent(stage.milliseconds, whole),
        );
    }
    let busy = target.stages.iter().map(|stage| stage.milliseconds).sum();
    let folder = harmless_html(&target.folder());
    // The last one: an earlier one was lost.
    let mut stages = target.stages.iter().rev();
    let node = stages.find_map(|stage| stage.node.as_ref());
    let node = node.map(|node| {
        let node = harmless_html(node);
        format!(" <span class=\"dim\">{node}</span>")
    });
    let node = node.unwrap_or_default();
    let described: Vec<_> = target
        .stages
        .iter()
        .map(|stage| {
            let name = harmless_html(&stage.name);
            format!("{name} {}{}", time(stage.milliseconds), place(stage))
        })
        .collect();
    format!(
        "<div class=\"lane\"><div>{folder}{node}</div><div class=\"bar\" role=\"img\" aria-label=\"{}\">{bars}</div>\
         <div class=\"time\">{}</div></div>\n",
        described.join(", "),
        time(busy),
    )
}

fn axis(whole: u64) -> String {
    let mut marks = String::new();
    for part in 0..=PARTS {
        let at = whole * u64::from(part) / u64::from(PARTS);
        let left = percent(at, whole);
        let _ = write!(marks, "<span style=\"left:{left:.2}%\">{}</span>", time(at));
    }
    format!(
        "<div class=\"lane axis\"><div></div><div class=\"bar\">{marks}</div><div></div></div>\n"
    )
}

/// How a stage is drawn. What is not built is grey, whatever was looked at for it.
fn kind(target: &IndexTarget, stage: &IndexStage) -> &'static str {
    if stage.failed {
        return "failed";
    }
    if matches!(target.how, Some(IndexHow::Cached | IndexHow::Unchanged)) {
        return "cached";
    }
    match stage.name.as_str() {
        "source" => "source",
        "image" => "image",
        "wait" => "wait",
        "check" | "run-check" => "check",
        "collect" | "publish" => "publish",
        _ => "step",
    }
}

/// Where it was done, if that was on a node of a cluster.
fn place(stage: &IndexStage) -> String {
    let node = stage.node.as_ref();
    node.map(|node| format!(" on {}", harmless_html(node)))
        .unwrap_or_default()
}

fn time(milliseconds: u64) -> String {
    duration(Duration::from_millis(milliseconds))
}

#[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
fn percent(part: u64, whole: u64) -> f64 {
    (100.0 * part as f64 / whole as f64).min(100.0)
}
