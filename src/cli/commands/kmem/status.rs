//! `kmembuild kmem status`.

use std::time::SystemTime;

use super::hierarchy::hierarchy_hint;
use super::textfile::{check_name, write_metrics};
use crate::cli::args::{StatusArguments, StatusFormat};
use crate::cli::output::{print, print_exact};
use crate::environment::Environment;
use crate::failure::{Failure, FailureKind};
use crate::host::Kernel;
use crate::host::kmem::{CgroupKind, Detail, Owner, Status, Verdict, look};
use crate::report::{kmem_metrics, kmem_status_json, kmem_status_text, output_width};

pub(crate) fn run(environment: &Environment, arguments: &StatusArguments) -> Result<(), Failure> {
    if let Some(file) = &arguments.textfile {
        check_name(file)?;
    }
    let detail = if arguments.all {
        Detail::All
    } else {
        Detail::Few
    };
    let (status, error) = look(arguments.root.as_deref(), detail);
    let hint = error.as_ref().and_then(hierarchy_hint);
    if let Some(file) = &arguments.textfile {
        write_metrics(file, &kmem_metrics(&status, SystemTime::now()))?;
    }
    match arguments.format {
        StatusFormat::Json => print_exact(&kmem_status_json(&status)),
        StatusFormat::Prometheus => print_exact(&kmem_metrics(&status, SystemTime::now())),
        StatusFormat::Text => print(&kmem_status_text(&status, output_width(environment))),
    }?;
    failure(&status, hint).map_or(Ok(()), Err)
}

/// The failure whose exit code is the verdict.
fn failure(status: &Status, hint: Option<&str>) -> Option<Failure> {
    match status.verdict {
        Verdict::Off | Verdict::ByKernel | Verdict::DoesNotLeak => None,
        Verdict::On => Some(on(status)),
        Verdict::CannotTell => {
            let text = "could not determine whether kernel-memory accounting is on";
            let failure = Failure::new(FailureKind::CannotTell, text);
            let failure = hint.into_iter().fold(failure, Failure::hint);
            Some(failure.hint("the lines above say why; use `kmembuild verify FILE` to check the binaries of runc and kubelet themselves"))
        }
    }
}

fn on(status: &Status) -> Failure {
    let text = format!("kernel-memory accounting is on in {}", status.cgroups_on());
    let mut failure = Failure::new(FailureKind::AccountingOn, text);
    let is_on = |kinds: &[CgroupKind]| {
        let mut on = status.kinds.iter().filter(|counts| counts.on > 0);
        on.any(|counts| kinds.contains(&counts.kind))
    };
    let leaks = status.system.leaks() != Kernel::NotAffected;
    let advised = |who: &str, advice: &str| {
        let advice = if leaks { advice } else { "" };
        format!("{who}{advice}")
    };
    if is_on(&[CgroupKind::Kubepods, CgroupKind::Qos, CgroupKind::Pod]) {
        failure = failure.hint(advised(
            "kubelet turned it on for kubepods and its pods, and their containers inherit it",
            "; replace kubelet",
        ));
    }
    let owners: Vec<Owner> = status.owners.iter().map(|counts| counts.owner).collect();
    if is_on(&[CgroupKind::Container])
        || (is_on(&[CgroupKind::PodContainer]) && !is_on(&[CgroupKind::Pod]))
        // A container with a name of its own, such as those of containerd's own client.
        || (is_on(&[CgroupKind::Other]) && owners.iter().any(|owner| owner.runs_containers()))
    {
        failure = failure.hint(advised(
            "runc turned it on for containers",
            "; replace the runc that docker or containerd runs",
        ));
    }
    if !leaks {
        return failure.hint(
            "this kernel does not leak by accounting, so nothing has to be replaced because of leaks",
        );
    }
    let others = owners.iter().filter_map(|&owner| other_owner(owner));
    others.fold(failure, Failure::hint).hint(
        "existing cgroups keep their accounting; reboot the node after replacing the binaries",
    )
}

/// What to do about an owner other than kubelet and container runtimes.
fn other_owner(owner: Owner) -> Option<String> {
    match owner {
        Owner::Kubelet => None,
        owner if owner.runs_containers() => None,
        Owner::Slurm => Some(
            "Slurm turned it on for jobs; set ConstrainKmemSpace=no in its cgroup.conf".to_owned(),
        ),
        Owner::Lxc => Some("LXC turned it on for containers; remove lxc.cgroup.memory.kmem.limit_in_bytes from their configuration".to_owned()),
        Owner::Unknown => Some(
            "cgroups of an unknown owner have it, too; find the program that sets memory.kmem.limit_in_bytes in the cgroups above".to_owned(),
        ),
        owner => Some(format!(
            "cgroups of {} have it, too; find out there what sets memory.kmem.limit_in_bytes",
            owner.title()
        )),
    }
}
