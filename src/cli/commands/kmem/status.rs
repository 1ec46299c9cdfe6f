//! `kmembuild kmem status`.

use std::path::Path;
use std::time::SystemTime;

use super::place::write_whole;
use crate::cli::args::{StatusArguments, StatusFormat};
use crate::cli::output::print;
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::host::kmem::{Accounting, Detail, Level, Status, System, Verdict, find_hierarchy, walk};
use crate::report::{kmem_metrics, kmem_status_json, kmem_status_text};

pub(crate) fn run(environment: &Environment, arguments: &StatusArguments) -> Result<(), Failure> {
    if let Some(file) = &arguments.textfile {
        check_name(file)?;
    }
    let detail = if arguments.all {
        Detail::All
    } else {
        Detail::Few
    };
    let status = look(arguments.root.as_deref(), detail);
    if let Some(file) = &arguments.textfile {
        write_whole(file, &kmem_metrics(&status, SystemTime::now()), 0o644).map_err(|error| {
            let text = format!(
                "the metrics cannot be written to {}: {error}",
                file.display()
            );
            Failure::new(FailureKind::Output, text)
        })?;
    }
    print(&match arguments.format {
        StatusFormat::Json => kmem_status_json(&status),
        StatusFormat::Prometheus => kmem_metrics(&status, SystemTime::now()),
        StatusFormat::Text => kmem_status_text(&status, environment.output_terminal),
    })?;
    failure(&status).map_or(Ok(()), Err)
}

/// What can be told of this machine; without a hierarchy, why not.
fn look(root: Option<&Path>, detail: Detail) -> Status {
    let system = System::read();
    let walked =
        find_hierarchy(root).and_then(|hierarchy| walk(&hierarchy, system.clone(), detail));
    walked.unwrap_or_else(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        Status::without_hierarchy(system, format!("{error}{}", cause.unwrap_or_default()))
    })
}

/// The failure that carries the verdict in its exit code.
fn failure(status: &Status) -> Option<Failure> {
    match status.verdict {
        Verdict::Off => None,
        Verdict::On => Some(on(status)),
        Verdict::CannotTell => {
            let text = "nothing tells whether kernel-memory accounting is on";
            let failure = Failure::new(FailureKind::CannotTell, text);
            Some(failure.hint("the lines above tell why; `kmembuild verify FILE` judges the binaries of runc and kubelet themselves"))
        }
    }
}

fn on(status: &Status) -> Failure {
    let count = status.count(Accounting::On);
    let cgroups = if count == 1 { "cgroup" } else { "cgroups" };
    let text = format!("kernel-memory accounting is on in {count} {cgroups}");
    let mut failure = Failure::new(FailureKind::AccountingOn, text);
    let is_on = |levels: &[Level]| {
        let mut on = status.levels.iter().filter(|counts| counts.on > 0);
        on.any(|counts| levels.contains(&counts.level))
    };
    if is_on(&[Level::Kubepods, Level::Qos, Level::Pod]) {
        failure = failure.hint("kubelet turned it on in kubepods and its pods, and what is made in them gets it from them: replace kubelet");
    }
    if is_on(&[Level::Container]) || (is_on(&[Level::PodContainer]) && !is_on(&[Level::Pod])) {
        failure = failure.hint(
            "runc turned it on in containers: replace the runc that docker or containerd runs",
        );
    }
    failure.hint("a cgroup keeps its accounting as long as it is there: reboot the node after the binaries were replaced")
}

/// Refuses a name that the collector would pass by.
fn check_name(file: &Path) -> Result<(), Failure> {
    if file
        .extension()
        .is_some_and(|extension| extension == "prom")
    {
        return Ok(());
    }
    let text = format!(
        "{}: the textfile collector reads files whose names end in .prom only",
        file.display()
    );
    Err(Failure::new(FailureKind::Usage, text))
}
