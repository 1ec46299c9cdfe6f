//! The state of a machine's cgroups as metrics, in the text format of Prometheus and its node exporter.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus::{Gauge, GaugeVec, Opts, Registry, TextEncoder};

use crate::host::kmem::{Accounting, MEMORY_CGROUP_IDS, Status, Verdict};

/// The metrics, all of them gauges whose names begin with `kmembuild_kmem_`. Unknown values are left out.
pub fn kmem_metrics(status: &Status, now: SystemTime) -> String {
    let metrics = Metrics {
        registry: Registry::new(),
    };
    let verdicts = [
        ("on", Verdict::On),
        ("off", Verdict::Off),
        ("cannot-tell", Verdict::CannotTell),
    ];
    metrics.family(
        "accounting",
        "State of kernel-memory accounting in the cgroups of pods and containers; 1 for the current state.",
        &["state"],
        verdicts.map(|(name, verdict)| (vec![name.to_owned()], u64::from(status.verdict == verdict))),
    );
    let accounting = [
        ("on", Accounting::On),
        ("off", Accounting::Off),
        ("cannot-tell", Accounting::CannotTell),
        ("no-controller", Accounting::NoController),
    ];
    let judged = status
        .levels
        .iter()
        .filter(|counts| counts.level.is_judged());
    metrics.family(
        "cgroups",
        "Checked memory cgroups by level and by state of accounting.",
        &["level", "state"],
        judged.flat_map(|counts| {
            let level = name(counts.level);
            accounting.map(|(state, accounting)| {
                (
                    vec![level.clone(), state.to_owned()],
                    counts.count(accounting),
                )
            })
        }),
    );
    metrics.family(
        "cgroups_without_processes",
        "Memory cgroups without a process in them or below them, by level.",
        &["level"],
        status
            .levels
            .iter()
            .map(|counts| (vec![name(counts.level)], counts.without_processes)),
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
            "Most memory cgroups that the kernel can have.",
            Some(MEMORY_CGROUP_IDS),
        ),
        (
            "memory_cgroups_found",
            "Memory cgroups found below the root of the hierarchy.",
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
            "Files and directories that could not be read.",
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
            metrics.single(name, help, value);
        }
    }
    metrics.text()
}

/// The level's name as in JSON.
fn name(level: impl serde::Serialize) -> String {
    let value = serde_json::to_value(level).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

struct Metrics {
    registry: Registry,
}

/// Nothing here can fail: names and labels are fixed, valid and not used twice.
const FIXED: &str = "the names of metrics are fixed and valid";

impl Metrics {
    fn family(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        values: impl IntoIterator<Item = (Vec<String>, u64)>,
    ) {
        let gauges = GaugeVec::new(Self::options(name, help), labels).expect(FIXED);
        self.registry
            .register(Box::new(gauges.clone()))
            .expect(FIXED);
        for (labels, value) in values {
            gauges.with_label_values(&labels).set(exact(value));
        }
    }

    fn single(&self, name: &str, help: &str, value: u64) {
        let gauge = Gauge::with_opts(Self::options(name, help)).expect(FIXED);
        self.registry
            .register(Box::new(gauge.clone()))
            .expect(FIXED);
        gauge.set(exact(value));
    }

    fn options(name: &str, help: &str) -> Opts {
        Opts::new(name, help).namespace("kmembuild_kmem")
    }

    fn text(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .expect(FIXED)
    }
}

/// All values in Prometheus are floating-point numbers.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts and bytes of one machine are far below 2^53"
)]
fn exact(value: u64) -> f64 {
    value as f64
}
