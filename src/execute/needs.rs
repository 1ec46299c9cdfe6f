//! Holds what the engine has against what the build is known to need. Only tells; nothing is refused.

use bytesize::ByteSize;

use super::ask::ask;
use super::context::Context;
use crate::engine::Session;
use crate::events::Event;
use crate::plan::PlannedBuild;

/// What the engine's host has, as far as a container can see it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Has {
    /// Memory of the host, in bytes.
    memory: Option<u64>,
    /// Free room on the disk that the engine keeps containers on, in bytes.
    disk: Option<u64>,
}

/// Warns of too little memory or too full a disk before anything is compiled.
pub(super) async fn check_needs(
    build: &PlannedBuild,
    context: &Context<'_>,
    session: &dyn Session,
) {
    if build.needs.memory.is_none() && build.needs.disk.is_none() {
        return;
    }
    // Asked in the container: the engine's own answer takes longer, and tells nothing of the disk. Where there is no
    // answer, there is nothing to tell.
    let (memory, disk) = tokio::join!(
        ask(session, &["cat", "/proc/meminfo"]),
        ask(session, &["df", "-Pk", "/"]),
    );
    let lines = |answer: Result<(_, Vec<String>), _>| answer.map(|(_, lines)| lines);
    let has = read(
        &lines(memory).unwrap_or_default(),
        &lines(disk).unwrap_or_default(),
    );
    for text in warnings(build, &has) {
        context.sink.event(&Event::Warning { text });
    }
}

/// Reads what `cat /proc/meminfo` and `df -Pk` print.
fn read(memory: &[String], disk: &[String]) -> Has {
    let kibibytes = |text: &str| text.parse::<u64>().ok().map(|count| count * 1024);
    Has {
        memory: memory
            .iter()
            .find_map(|line| line.strip_prefix("MemTotal:"))
            .and_then(|rest| kibibytes(rest.split_whitespace().next()?)),
        disk: disk
            .last()
            .and_then(|line| kibibytes(line.split_whitespace().nth(3)?)),
    }
}

fn warnings(build: &PlannedBuild, has: &Has) -> Vec<String> {
    let mut warnings = Vec::new();
    // A limit of the container's own was held against the need when it was planned.
    if let (Some(need), Some(memory)) = (build.needs.memory, has.memory)
        // A machine that is sold with the memory that is needed has a little less of it to give.
        && memory < need - need / 16
    {
        let way_out = if build.needs.could_save_memory {
            "; --low-memory does with less"
        } else {
            ""
        };
        warnings.push(format!(
            "the engine has {} of memory, and the build is known to need {}{way_out}",
            ByteSize(memory),
            ByteSize(need)
        ));
    }
    if let (Some(need), Some(disk)) = (build.needs.disk, has.disk)
        && disk < need
    {
        warnings.push(format!(
            "{} are free on the engine's disk, and the build is known to need {}; `kmembuild clean --caches --images` removes what this tool keeps there",
            ByteSize(disk),
            ByteSize(need)
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::{Has, read};

    #[test]
    fn memory_and_disk_are_read() {
        let text = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let has = read(
            &text("MemTotal:       2048 kB\nMemFree: 5 kB"),
            &text(
                "Filesystem 1024-blocks Used Available Capacity Mounted on\noverlay 100 60 40 60% /",
            ),
        );
        let expected = Has {
            memory: Some(2 << 20),
            disk: Some(40 << 10),
        };
        assert_eq!(has, expected);
        assert_eq!(read(&[], &text("df: /: no")), Has::default());
    }
}
