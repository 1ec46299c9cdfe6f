//! The kernel's own figures.

use std::fs;
use std::path::Path;

use procfs_core::{CGroupControllers, FromRead as _};
use serde::Serialize;

use super::accounting::RefusesWhenOff;
use crate::host::kernel::{Kernel, accounts_by_itself, has_no_kmem, release_numbers};

/// The maximum number of memory cgroups of a kernel: `MEM_CGROUP_ID_MAX`, and also 65535 in 3.x kernels.
pub const MEMORY_CGROUP_IDS: u64 = 65_535;

/// Figures of the kernel, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct System {
    /// The kernel's release, as `uname -r` prints it.
    pub kernel: String,
    /// Entries of /sys/kernel/slab: slab caches with their aliases, including those of cgroups. `None` if the kernel does
    /// not list them.
    pub slabs: Option<u64>,
    /// Memory cgroups in /proc/cgroups, including removed ones that the kernel still keeps if it [counts
    /// them](Self::counts_removed). `None` if the memory controller is not listed.
    pub memory_cgroups: Option<u64>,
    /// Whether the kernel's command line has `cgroup.memory=nokmem`.
    pub nokmem: bool,
}

impl System {
    /// Reads the figures now.
    pub fn read() -> Self {
        Self {
            kernel: rustix::system::uname()
                .release()
                .to_string_lossy()
                .into_owned(),
            slabs: slabs(Path::new("/sys/kernel/slab")),
            memory_cgroups: memory_cgroups(),
            nokmem: fs::read_to_string("/proc/cmdline").is_ok_and(|line| has_no_kmem(&line)),
        }
    }

    /// Memory cgroups in /proc/cgroups now.
    pub fn memory_cgroups_now() -> Option<u64> {
        memory_cgroups()
    }

    /// Whether /proc/cgroups [counts leaked cgroups](counts_removed).
    pub fn counts_removed(&self) -> bool {
        counts_removed(&self.kernel)
    }

    /// Whether the kernel accounts kernel memory in every cgroup by itself, without any program.
    pub fn accounts_by_itself(&self) -> bool {
        accounts_by_itself(&self.kernel) && !self.nokmem
    }

    /// Whether the kernel accounts in no cgroup, whatever a program asks for. Kernels before 4.6 do so for version 2 only,
    /// or do not know the option.
    pub fn never_accounts(&self) -> bool {
        accounts_by_itself(&self.kernel) && self.nokmem
    }

    /// Whether accounting leaks memory cgroups on this kernel.
    pub fn leaks(&self) -> Kernel {
        Kernel::of(&self.kernel)
    }

    /// Whether reading memory.kmem.slabinfo fails if accounting is off.
    pub(super) fn refuses_when_off(&self) -> RefusesWhenOff {
        RefusesWhenOff(before_3_19(&self.kernel))
    }
}

/// Whether a kernel of this release counts removed memory cgroups in /proc/cgroups as long as it keeps them, which
/// includes leaked ones. Before 3.19 it does not: removal takes a cgroup off the count at once, while its memory controller
/// keeps a reference to itself, and its id, as long as memory is charged to it (`cgroup_free_fn`, `mem_cgroup_css_free`;
/// seen on 3.10 in kubernetes issue 61937).
pub fn counts_removed(release: &str) -> bool {
    !before_3_19(release)
}

fn before_3_19(release: &str) -> bool {
    release_numbers(release).is_some_and(|numbers| numbers < (3, 19))
}

fn memory_cgroups() -> Option<u64> {
    let groups = CGroupControllers::from_file("/proc/cgroups").ok()?;
    let memory = groups.0.into_iter().find(|group| group.name == "memory")?;
    (memory.hierarchy != 0).then_some(u64::from(memory.num_cgroups))
}

/// Entries of the directory, and of the directories `cgroup` in them, in which kernels 3.17 to 5.8 list caches of cgroups.
fn slabs(folder: &Path) -> Option<u64> {
    let count = |folder: &Path| {
        let entries = fs::read_dir(folder).ok()?;
        Some(entries.flatten().collect::<Vec<_>>())
    };
    let entries = count(folder)?;
    let of_cgroups = entries
        .iter()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| count(&entry.path().join("cgroup")))
        .map(|entries| entries.len())
        .sum::<usize>();
    Some((entries.len() + of_cgroups) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_version_of_a_kernel() {
        assert!(before_3_19("3.10.0-1127.el7.x86_64"));
        assert!(before_3_19("3.18.140"));
        for release in ["3.19.0", "4.4.0-1-amd64", "5.4", "6.18.44", "unknown", ""] {
            assert!(!before_3_19(release), "{release}");
        }
    }

    #[test]
    fn counts_slab_caches_of_cgroups_in_both_places() {
        let folder = tempfile::tempdir().expect("a folder");
        for cache in [
            "dentry/cgroup/dentry(7:pod)",
            "kmalloc-64",
            "kmalloc-64(9:pod)",
        ] {
            fs::create_dir_all(folder.path().join(cache)).expect("made");
        }
        std::os::unix::fs::symlink("kmalloc-64", folder.path().join("alias")).expect("linked");
        assert_eq!(slabs(folder.path()), Some(5));
        assert_eq!(slabs(Path::new("/nowhere")), None);
    }
}
