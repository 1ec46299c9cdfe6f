//! The state of a machine's cgroups as metrics, in the text format of Prometheus and its node exporter.

use std::time::{SystemTime, UNIX_EPOCH};

use super::metrics::{Metrics, name};
use super::watch::exact;
use crate::host::kmem::{Accounting, MEMORY_CGROUP_IDS, Status, Verdict};

/// The metrics, all of them gauges whose names start with `kmembuild_kmem_`. Unknown values are left out.
pub fn kmem_metrics(status: &Status, now: SystemTime) -> String {
    let metrics = Metrics::new("kmembuild_kmem");
    let verdicts = [
        Verdict::On,
        Verdict::ByKernel,
        Verdict::Off,
        Verdict::DoesNotLeak,
        Verdict::CannotTell,
    ];
    metrics.family(
        "accounting",
        "Whether kernel-memory accounting is on in memory cgroups, and whether the kernel does it by itself: 1 for the current state.",
        &["state"],
        verdicts.map(|verdict| {
            let is_it = u32::from(status.verdict == verdict);
            (vec![name(verdict)], f64::from(is_it))
        }),
    );
    let accounting = [
        Accounting::On,
        Accounting::Off,
        Accounting::CannotTell,
        Accounting::NoController,
    ];
    let judged = status.kinds.iter().filter(|counts| counts.kind.is_judged());
    metrics.family(
        "cgroups",
        "Checked memory cgroups by kind and by whether they have accounting.",
        &["level", "state"],
        judged.flat_map(|counts| {
            accounting.map(|accounting| {
                let labels = vec![name(counts.kind), name(accounting)];
                (labels, exact(counts.count(accounting)))
            })
        }),
    );
    metrics.family(
        "cgroups_on",
        "Memory cgroups with accounting by owner.",
        &["owner"],
        status
            .owners
            .iter()
            .map(|counts| (vec![name(counts.owner)], exact(counts.on))),
    );
    metrics.family(
        "cgroups_without_processes",
        "Memory cgroups without a process in them or below them, by kind.",
        &["level"],
        status
            .kinds
            .iter()
            .map(|counts| (vec![name(counts.kind)], exact(counts.without_processes))),
    );
    let system = &status.system;
    for (name, help, value) in [
        (
            "memory_cgroups",
            "Memory cgroups in /proc/cgroups; before kernel 3.19 without removed ones that are still kept.",
            system.memory_cgroups,
        ),
        (
            "memory_cgroups_limit",
            "Maximum number of memory cgroups.",
            Some(MEMORY_CGROUP_IDS),
        ),
        (
            "memory_cgroups_found",
            "Memory cgroups found by the walk.",
            status.root.as_ref().map(|_| status.cgroups),
        ),
        (
            "memory_cgroups_removed",
            "Removed memory cgroups that the kernel still keeps.",
            status.removed,
        ),
        ("slab_caches", "Entries of /sys/kernel/slab.", system.slabs),
        (
            "charged_bytes",
            "Kernel memory charged to pods and containers.",
            status.kernel_memory,
        ),
        (
            "problems",
            "Number of things that could not be read.",
            Some(status.problem_count),
        ),
        (
            "last_run_timestamp_seconds",
            "Time of this measurement.",
            now.duration_since(UNIX_EPOCH)
                .ok()
                .map(|since| since.as_secs()),
        ),
    ] {
        if let Some(value) = value {
            metrics.family(name, help, &[], [(Vec::new(), exact(value))]);
        }
    }
    metrics.text()
}
