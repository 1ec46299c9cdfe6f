//! The kernel's counter of processes that it killed for lack of memory.

/// Where it is, with cgroup v2 and v1. A container sees its own.
pub(super) const MEMORY_EVENTS: [&str; 2] = [
    "/sys/fs/cgroup/memory.events",
    "/sys/fs/cgroup/memory/memory.oom_control",
];

/// The counter in the text of the kernel.
pub(super) fn kills(text: &str) -> Option<u64> {
    text.lines()
        .filter_map(|line| line.strip_prefix("oom_kill "))
        .filter_map(|count| count.trim().parse().ok())
        .max()
}

#[cfg(test)]
mod tests {
    use super::kills;

    #[test]
    fn both_versions_of_cgroups_have_the_counter() {
        assert_eq!(
            kills("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
            Some(2)
        );
        assert_eq!(
            kills("low 0\nhigh 0\nmax 9\noom 3\noom_kill 1\noom_group_kill 0\n"),
            Some(1)
        );
        assert_eq!(kills("oom_kill_disable 0\n"), None);
    }
}
