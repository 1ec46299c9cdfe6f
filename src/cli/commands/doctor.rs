//! `kmembuild doctor`.

use serde::Serialize;

use crate::cli::args::{DoctorArguments, HalfChoice};
use crate::cli::invocation::Invocation;
use crate::cli::output::{print, print_document};
use crate::events::{Event, Sink as _};
use crate::failure::{Failure, FailureKind};
use crate::host::doctor::{Examination, Examined, Half, KnownRecipes, Level, Line, Verdict};
use crate::number_of::number_of;
use crate::report::{
    Progress, Verbosity, doctor_problems, doctor_table, doctor_verdict, output_width,
};

/// `doctor --format json`.
#[derive(Serialize)]
struct Diagnosis<'a> {
    passed: bool,
    verdict: &'a Verdict,
    lines: &'a [Line],
}

pub(crate) async fn run(
    invocation: &Invocation<'_>,
    arguments: &DoctorArguments,
) -> Result<(), Failure> {
    let workspace = &invocation.workspace;
    let only = arguments.only.map(|only| match only {
        HalfChoice::Build => Half::Build,
        HalfChoice::Leak => Half::Leak,
    });
    let recipes = if only == Some(Half::Leak) {
        if !arguments.recipes.is_empty() {
            let text = format!(
                "--only leak does not examine recipes: {}",
                arguments.recipes.join(", ")
            );
            return Err(Failure::new(FailureKind::Usage, text)
                .hint("leave out the recipes, or --only leak"));
        }
        KnownRecipes::default()
    } else {
        KnownRecipes::load(&workspace.library, &arguments.recipes)?
    };
    let names = recipes.names();
    let examination = Examination {
        only,
        recipes,
        mirrors: &workspace.configuration.mirrors,
        debian_mirror: workspace.configuration.debian_mirror.as_ref(),
        choice: invocation.choice,
        engines: invocation.surroundings.clone(),
        proxies: &invocation.environment.proxies,
        search_path: &invocation.environment.search_path,
        timeout: arguments.timeout.0,
    };
    let waits = invocation.environment.progress_terminal && !invocation.json();
    let progress = waits.then(|| Progress::new(false, true, invocation.verbosity()));
    if let Some(progress) = &progress {
        let time = humantime::format_duration(arguments.timeout.0);
        let detail = format!("waiting for engine, registries and sources, for {time} at most");
        progress.event(&Event::StageStarted {
            stage: "doctor",
            detail,
        });
    }
    let examined = Box::pin(examination.run(&workspace.cancel)).await;
    if let Some(progress) = progress {
        progress.finish();
    }
    let Some(Examined { lines, node }) = examined else {
        let text = "interrupted; nothing was changed";
        return Err(Failure::new(FailureKind::Interrupted, text));
    };
    let failed = lines.iter().filter(|line| line.level == Level::Fail);
    let failed = failed.count();
    let verdict = Verdict::of(&lines, &names, only, node.as_ref());
    let width = output_width(invocation.environment);
    if invocation.json() {
        print_document(&Diagnosis {
            passed: failed == 0,
            verdict: &verdict,
            lines: &lines,
        })?;
    } else if invocation.verbosity() != Verbosity::Quiet {
        if arguments.all || invocation.verbosity() == Verbosity::Verbose {
            print(&doctor_table(&lines, width))?;
        } else {
            print(&doctor_problems(&lines, width))?;
        }
        print(&doctor_verdict(&verdict))?;
    }
    if failed == 0 {
        return Ok(());
    }
    let text = format!("{failed} of {} failed", number_of(lines.len(), "check"));
    Err(Failure::new(FailureKind::Unfit, text))
}
