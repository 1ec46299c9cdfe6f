//! A plan for people: what is built, from what, how, and where it goes.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use bytesize::ByteSize;

use super::layout::Table;
use super::plain::duration;
use super::text::{Text, Tone};
use crate::artifacts::cache::LastBuild;
use crate::build::{Prepared, ResultOrigin};
use crate::events::command_line;
use crate::plan::{Plan, PlannedImage, PlannedSource, Via};
use crate::verify::{Expectations, KmemExpectation};

/// What a page shows besides the plan.
#[derive(Debug)]
pub struct PlanSurroundings<'a> {
    /// Where the result comes from.
    pub origin: ResultOrigin,
    /// Whether the engine has the image.
    pub has_image: bool,
    /// Where the result goes.
    pub directory: &'a Path,
    /// The files that will be there.
    pub files: &'a [String],
    /// How long an earlier build took.
    pub last: Option<LastBuild>,
}

/// The page, so many columns wide.
pub fn plan_page(prepared: &Prepared, around: &PlanSurroundings<'_>, width: u16) -> Text {
    let plan = &prepared.plan;
    let mut table = Table::new();
    let mut toned = |tone: Tone, name: &str, text: String| {
        if !text.is_empty() {
            let name = Text::from("  ") + Text::toned(tone, name);
            table.row([name, Text::from(text)]);
        }
    };
    let mut row = |name: &str, text: String| toned(Tone::Plain, name, text);
    row("source", source(prepared));
    row("patches", patches(plan));
    row("image", image(plan, around.has_image));
    if let Some(toolchain) = &plan.build.toolchain {
        row("toolchain", format!("{}, as upstream", toolchain.version));
    }
    row("steps", steps(plan));
    row("checks", checks(plan));
    row("limits", limits(plan));
    row("result", around.directory.display().to_string());
    row("files", around.files.join(", "));
    for warning in &plan.warnings {
        toned(Tone::Warning, "warning", warning.clone());
    }
    for remark in &plan.remarks {
        toned(Tone::Note, "note", remark.clone());
    }
    let of_targets = match plan.targets.as_slice() {
        [] => String::new(),
        targets => format!(" ({})", targets.join(", ")),
    };
    let subject = format!("{} {}", plan.recipe.name, plan.version);
    let platform = format!("{of_targets} for {}\n", plan.platform);
    Text::toned(Tone::Title, subject) + platform + table.text(1, width)
}

/// Whether there is anything to be done, and how long that took the last time.
pub fn plan_verdict(plan: &Plan, around: &PlanSurroundings<'_>) -> String {
    let subject = format!("{} {}", plan.recipe.name, plan.version);
    match around.origin {
        ResultOrigin::Published => format!("{subject}: published as it should be, nothing to do"),
        ResultOrigin::Cache => {
            format!("{subject}: in the cache, will be published without a build")
        }
        ResultOrigin::Build => {
            let last = around.last.as_ref().map(|last| estimate(plan, last));
            format!("{subject}: to be built{}", last.unwrap_or_default())
        }
    }
}

fn estimate(plan: &Plan, last: &LastBuild) -> String {
    let took = duration(last.took);
    if last.version == plan.version {
        format!(", which took {took} the last time")
    } else {
        format!("; {} took {took}", last.version)
    }
}

fn source(prepared: &Prepared) -> String {
    match &prepared.plan.source {
        PlannedSource::Git { tag, commit, .. } => {
            let what = match tag {
                Some(tag) => format!("{tag}, commit {commit}"),
                None => format!("commit {commit}"),
            };
            match prepared.git.as_ref().map(|fetched| &fetched.served) {
                Some(served) if served.from_store => {
                    format!("{what}, from {} (in the store)", served.url)
                }
                Some(served) => format!("{what}, from {}", served.url),
                None => what,
            }
        }
        PlannedSource::Directory { path, package } => {
            format!("{path} of the image, from the package {package}")
        }
    }
}

fn patches(plan: &Plan) -> String {
    let of_source = match &plan.source {
        PlannedSource::Git { patches, .. } => patches.as_slice(),
        PlannedSource::Directory { .. } => &[],
    };
    let of_image = match &plan.image {
        PlannedImage::Dockerfile { patches, .. } => patches.as_slice(),
        _ => &[],
    };
    let lines = of_source.iter().chain(of_image);
    let lines: Vec<_> = lines
        .map(|patch| format!("{}: {}", patch.file, patch.summary))
        .collect();
    lines.join("\n")
}

fn image(plan: &Plan, has_image: bool) -> String {
    let what = match &plan.image {
        PlannedImage::Registry(base) => base.name.clone(),
        PlannedImage::Dockerfile { bases, .. } => {
            let names: Vec<_> = bases.iter().map(|base| base.name.as_str()).collect();
            format!("built by a Dockerfile from {}", names.join(", "))
        }
        PlannedImage::Debian(debian) => {
            format!(
                "Debian {} with {}",
                debian.suite,
                debian.packages.join(", ")
            )
        }
        PlannedImage::Archive { image_id } => format!("{image_id}, from the archive"),
        PlannedImage::Container { identity: None } => {
            return "the container that kmembuild runs in, whatever is in it".to_owned();
        }
        PlannedImage::Container {
            identity: Some(identity),
        } => return format!("the container that kmembuild runs in, said to be {identity}"),
    };
    let how = match (&plan.image, has_image) {
        (_, true) => "on the engine already",
        (PlannedImage::Registry(_), false) => "to be pulled",
        (PlannedImage::Dockerfile { .. }, false) => "to be built",
        (PlannedImage::Debian(_), false) => "to be bootstrapped",
        (PlannedImage::Archive { .. } | PlannedImage::Container { .. }, false) => "to be loaded",
    };
    format!("{what}; {how}")
}

fn steps(plan: &Plan) -> String {
    let number = plan.build.steps.len();
    let steps = plan.build.steps.iter().enumerate();
    let lines = steps.map(|(index, step)| {
        let command = command_line(&step.command);
        format!("{} of {number}, {}: {command}", index + 1, step.name)
    });
    let mut lines: Vec<_> = lines.collect();
    if plan.build.via == Via::RunSh {
        lines.push("by upstream's own script, which starts its own containers".to_owned());
    }
    lines.join("\n")
}

fn checks(plan: &Plan) -> String {
    let lines = plan.outputs.iter().map(|output| {
        let expected = expected(&output.expectations);
        format!("{}: {}", output.name, expected.join(", "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn expected(expectations: &Expectations) -> Vec<String> {
    let Expectations {
        kmem,
        static_linked,
        architecture,
        glibc_floor,
        version,
    } = expectations;
    let kmem = kmem.map(|KmemExpectation::Off| "accounting off".to_owned());
    let linked = static_linked.map(|is_static| {
        let how = if is_static {
            "statically"
        } else {
            "dynamically"
        };
        format!("{how} linked")
    });
    let glibc = glibc_floor
        .as_ref()
        .map(|floor| format!("starts with glibc {floor}"));
    let version = version.as_ref().map(|version| {
        let texts: Vec<_> = version
            .contains
            .iter()
            .map(|text| format!("{text:?}"))
            .collect();
        format!("says {}", texts.join(" and "))
    });
    let all = [kmem, linked, architecture.clone(), glibc, version];
    all.into_iter().flatten().collect()
}

fn limits(plan: &Plan) -> String {
    let limits = &plan.build.limits;
    let mut text = duration(Duration::from_secs(limits.timeout_seconds));
    if let Some(memory) = limits.memory {
        let _ = write!(text, ", {} of memory", ByteSize(memory));
    }
    if let Some(cpus) = limits.nano_cpus {
        let _ = write!(
            text,
            ", {}.{} processors",
            cpus / 1_000_000_000,
            cpus / 100_000_000 % 10
        );
    }
    let needs = &plan.build.needs;
    for (need, what) in [(needs.memory, "memory"), (needs.disk, "disk")] {
        if let Some(need) = need {
            let _ = write!(text, "; needs {} of {what}", ByteSize(need));
        }
    }
    text
}
