//! What is chosen for each release that the recipe of runc knows, as one table.

use std::fmt::Write as _;

use kmembuild::plan::{Plan, PlannedImage, PlannedPatch, PlannedSource};
use kmembuild::recipe::ImageWay;

use super::case::{Case, known_tags};
use crate::support::golden::assert_golden;

/// Tags that the recipe does not know and that show something else than those it knows.
const FURTHER_TAGS: [&str; 1] = ["v1.3.0"];

/// One block a release: the class, and what the numbers and files of that release lead to.
#[test]
fn each_release_gets_what_it_needs() {
    let mut table = String::new();
    let further = FURTHER_TAGS.map(str::to_owned);
    for tag in known_tags().into_iter().chain(further) {
        let case = Case::runc(&tag).asking(|request| request.image = Some(ImageWay::Upstream));
        let needed = if case.make().is_ok() {
            "built"
        } else {
            "only with --force"
        };
        let plan = case.asking(|request| request.force = true).plan();
        // Writing to a string cannot fail.
        let _ = write!(table, "{}", block(&tag, needed, &plan));
    }
    assert_golden("plans", "choices", &table);
}

fn block(tag: &str, needed: &str, plan: &Plan) -> String {
    let PlannedSource::Git {
        commit,
        patches: source_patches,
        ..
    } = &plan.source
    else {
        panic!("runc comes from git");
    };
    let PlannedImage::Dockerfile { bases, patches, .. } = &plan.image else {
        panic!("upstream's image has a Dockerfile");
    };
    let step = &plan.build.steps[0];
    let argument = |name: &str| {
        let given = step.command.iter();
        given
            .filter_map(|argument| argument.strip_prefix(name)?.strip_prefix('='))
            .next_back()
            .unwrap_or("(not given)")
    };
    let variable = |name: &str| {
        step.environment
            .get(name)
            .map_or("(unset)", String::as_str)
            .to_owned()
    };
    let label = argument("COMMIT").replace(commit.as_str(), "(commit)");
    let reported = plan.outputs[0].expectations.version.as_ref();
    let reported = reported.map_or("(unchecked)", |version| version.contains[0].as_str());
    let bases: Vec<_> = bases.iter().map(|base| base.name.as_str()).collect();
    format!(
        "{tag}: {class}, {needed}\n  \
           commit {commit}, labelled {label}, {reported:?}\n  \
           BUILDTAGS={tags}; GO111MODULE={modules} CGO_CFLAGS={cflags}\n  \
           source patches: {source}\n  \
           image from {bases}, its patches: {image}\n",
        class = plan.class.as_deref().unwrap_or("(no class)"),
        tags = argument("BUILDTAGS"),
        modules = variable("GO111MODULE"),
        cflags = variable("CGO_CFLAGS"),
        source = names(source_patches),
        bases = bases.join(" "),
        image = names(patches),
    )
}

fn names(patches: &[PlannedPatch]) -> String {
    if patches.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<_> = patches.iter().map(|patch| patch.file.as_str()).collect();
    names.join(", ")
}
