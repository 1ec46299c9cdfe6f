//! The answer about a node as metrics.

use super::metrics::{Metrics, name};
use super::watch::exact;
use crate::host::doctor::ProgramKind;
use crate::host::node::{KernelLeaks, NodeDocument, NodeState};

/// The metrics, all of them gauges whose names start with `kmembuild_node_`. Unknown values are left out.
pub fn node_metrics(document: &NodeDocument) -> String {
    let metrics = Metrics::new("kmembuild_node");
    metrics.family(
        "state",
        "Whether this node leaks memory cgroups: 1 for the current state.",
        &["state"],
        NodeState::ALL.map(|state| (vec![name(state)], truth(state == document.state))),
    );
    let leaks = [KernelLeaks::Yes, KernelLeaks::Perhaps, KernelLeaks::No];
    metrics.family(
        "kernel_leaks",
        "Whether the kernel leaks when accounting is on: 1 for the current state.",
        &["leaks"],
        leaks.map(|leaks| (vec![name(leaks)], truth(leaks == document.kernel.leaks))),
    );
    let kinds = [ProgramKind::Runc, ProgramKind::Kubelet, ProgramKind::Docker];
    let counts = kinds.iter().flat_map(|&kind| {
        let of_kind = document
            .programs
            .iter()
            .filter(move |program| program.kind == kind);
        let states = of_kind.map(move |program| (name(kind), name(program.accounting)));
        let mut counts = std::collections::BTreeMap::new();
        for labels in states {
            *counts.entry(labels).or_insert(0_u64) += 1;
        }
        counts
    });
    metrics.family(
        "programs",
        "Installed programs by kind and by what they do about accounting.",
        &["kind", "accounting"],
        counts.map(|((kind, accounting), count)| (vec![kind, accounting], exact(count))),
    );
    let room = &document.memory_cgroups;
    let full = room
        .full_at
        .and_then(|at| u64::try_from(at.as_second()).ok());
    for (name, help, value) in [
        (
            "memory_cgroups",
            "Memory cgroups in /proc/cgroups; before kernel 3.19 without leaked ones.",
            room.used,
        ),
        (
            "memory_cgroups_limit",
            "Maximum number of memory cgroups.",
            Some(room.limit),
        ),
        (
            "full_timestamp_seconds",
            "When all memory cgroups are used, by the measurements.",
            full,
        ),
        (
            "last_run_timestamp_seconds",
            "Time of this answer.",
            u64::try_from(document.time.as_second()).ok(),
        ),
    ] {
        if let Some(value) = value {
            metrics.family(name, help, &[], [(Vec::new(), exact(value))]);
        }
    }
    metrics.text()
}

fn truth(holds: bool) -> f64 {
    exact(u64::from(holds))
}
