//! Whether the machine has memory for more cgroups.

use procfs_core::{FromRead as _, Meminfo};

/// Whether less than a tenth of the machine's memory is available, or nobody knows. An empty memory cgroup takes about
/// 10 KB and 2 KB a processor, so that all that can be had take gigabytes.
pub(super) fn is_short() -> bool {
    Meminfo::from_file("/proc/meminfo").map_or(true, |memory| too_little(&memory))
}

fn too_little(memory: &Meminfo) -> bool {
    available(memory) < memory.mem_total / 10
}

/// What the kernel says is available or, where it does not say it, as before 3.14: what is free, or kept of files.
fn available(memory: &Meminfo) -> u64 {
    let kept = || (memory.buffers + memory.cached).saturating_sub(memory.shmem.unwrap_or(0));
    memory
        .mem_available
        .unwrap_or_else(|| memory.mem_free + kept())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_the_memory_has_to_be_available() {
        let mut memory = Meminfo::from_file("/proc/meminfo").expect("a kernel that tells");
        memory.mem_total = 1000;
        memory.mem_free = 50;
        for (available, short) in [(99, true), (100, false)] {
            memory.mem_available = Some(available);
            assert_eq!(too_little(&memory), short, "{available}");
        }
        memory.mem_available = None;
        (memory.buffers, memory.cached) = (10, 80);
        for (shared, short) in [(41, true), (40, false)] {
            memory.shmem = Some(shared);
            assert_eq!(too_little(&memory), short, "{shared}");
        }
    }
}
