//! What is kept free for the rest of the machine.

use procfs_core::{FromRead as _, Meminfo};

/// Memory cgroups that are kept free for the rest of the machine, as far as the kernel counts those in use. Kernels before
/// 3.19 do not count removed cgroups that they still keep, which are the leaked ones: with many of those, the kernel
/// refuses a cgroup earlier, and others get the same error until all are removed, which happens right afterwards.
pub const RESERVE: u64 = 200;

/// Whether less than a tenth of the machine's memory is available, or the amount is unknown. An empty memory cgroup takes
/// about 10 KB, and 2 KB per processor, so the maximum number takes gigabytes.
pub(super) fn is_short() -> bool {
    Meminfo::from_file("/proc/meminfo").map_or(true, |memory| too_little(&memory))
}

fn too_little(memory: &Meminfo) -> bool {
    available(memory) < memory.mem_total / 10
}

/// The available memory or, for kernels before 3.14, which do not report it, free memory and the page cache.
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
        let mut memory =
            Meminfo::from_file("/proc/meminfo").expect("a kernel that reports its memory");
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
