//! Errors of what is read from this machine, and of what is tried on it.

use std::time::Duration;

use kmembuild::exhaust::ExhaustError;
use kmembuild::host::doctor::ProbeError;
use kmembuild::host::kmem::{HierarchyError, SamplesError};

use super::{Message, system, text};

const HIERARCHY: &str = "/sys/fs/cgroup/memory";

pub(super) fn messages() -> Vec<Message> {
    let hierarchy = samples!("host", HierarchyError:
        Mounts { source: system() },
        Unified { at: "/sys/fs/cgroup".into() },
        None,
        NoCgroup { path: HIERARCHY.into() },
        Root { path: HIERARCHY.into(), source: system() },
    );
    let csv = csv::Error::from(system());
    let samples = samples!("host", SamplesError:
        Unreadable { path: "node.csv".into(), source: csv },
        Format { path: "node.csv".into(), format: 9 },
        Empty { path: "node.csv".into() },
    );
    let probe = samples!("host", ProbeError:
        Resolve { host: text("git.example"), source: system() },
        Connect { host: text("git.example"), port: 443, source: system() },
        Answer { reason: text("invalid peer certificate: Expired") },
        TimedOut { stage: "connecting", limit: Duration::from_secs(10) },
        HiddenPassword,
        NoRepository,
        NotAsked { reason: text("no address is configured") },
    );
    let exhaust = samples!("exhaust", ExhaustError:
        NotRoot,
        NoMemoryCgroup { path: "/tmp".into(), file: "memory.limit_in_bytes" },
        NotCounted,
        TooMany { count: 65_000, in_use: 2_000, most: 60_000 },
        Leftover { path: "/sys/fs/cgroup/memory/kmembuild-reproduce".into() },
        Folder { path: HIERARCHY.into(), source: system() },
        Search { path: HIERARCHY.into(), source: system() },
    );
    [hierarchy, samples, probe, exhaust]
        .into_iter()
        .flatten()
        .collect()
}
