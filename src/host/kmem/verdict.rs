//! What the counts of a walk and the kernel's own figures say.

use serde::{Deserialize, Serialize};

use super::counts::KindCounts;
use super::system::System;
use crate::host::Kernel;

/// Whether kernel-memory accounting is on on a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// In at least one cgroup, because a program turned it on.
    On,
    /// In every cgroup, because the kernel accounts by itself. Such kernels do not leak by it.
    ByKernel,
    /// In no cgroup, and at least one of kubelet or of a container proves it, or the kernel's command line.
    Off,
    /// No cgroup proves anything, or some could not be judged; but accounting does not leak here, whoever turns it on.
    DoesNotLeak,
    /// No cgroup proves anything, or some could not be judged.
    CannotTell,
}

impl Verdict {
    /// The verdict on a machine whose cgroups were counted.
    pub(super) fn of(system: &System, kinds: &[KindCounts]) -> Self {
        let sum = |what: fn(&KindCounts) -> u64, proof: bool| -> u64 {
            let counted = kinds
                .iter()
                .filter(|counts| !proof || counts.kind.is_proof());
            counted.map(what).sum()
        };
        let (on, unknown) = (
            sum(|counts| counts.on, false),
            sum(|counts| counts.cannot_tell, false),
        );
        let proven = sum(|counts| counts.off, true) > 0;
        let judged = sum(|counts| counts.on + counts.off + counts.cannot_tell, false);
        let no_controller = sum(|counts| counts.no_controller, false);
        if system.accounts_by_itself()
            && (on > 0 || !proven || unknown > 0)
            // Without the file in any of them, this kernel was built without kernel-memory accounting.
            && (judged > 0 || no_controller == 0)
        {
            Self::ByKernel
        } else if on > 0 {
            Self::On
        } else if system.never_accounts() {
            Self::Off
        } else if !proven || unknown > 0 || sum(|counts| counts.no_controller, true) > 0 {
            match system.leaks() {
                Kernel::NotAffected => Self::DoesNotLeak,
                Kernel::Affected | Kernel::Unclear => Self::CannotTell,
            }
        } else {
            Self::Off
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::kmem::kind::CgroupKind;

    fn counts(kind: CgroupKind, on: u64, off: u64, cannot_tell: u64) -> KindCounts {
        KindCounts {
            on,
            off,
            cannot_tell,
            ..KindCounts::new(kind)
        }
    }

    #[test]
    fn off_is_only_what_is_proven_for_all() {
        let of =
            |kinds: &[KindCounts]| Verdict::of(&system("3.10.0-1160.el7.x86_64", false), kinds);
        assert_eq!(of(&[]), Verdict::CannotTell);
        assert_eq!(of(&[counts(CgroupKind::Pod, 0, 3, 0)]), Verdict::Off);
        assert_eq!(of(&[counts(CgroupKind::Pod, 0, 3, 1)]), Verdict::CannotTell);
        assert_eq!(of(&[counts(CgroupKind::Pod, 1, 3, 1)]), Verdict::On);
        // A directory for which nobody ever turned accounting on proves nothing about programs that do.
        assert_eq!(
            of(&[counts(CgroupKind::Runtime, 0, 1, 0)]),
            Verdict::CannotTell
        );
        assert_eq!(of(&[counts(CgroupKind::Nested, 1, 0, 0)]), Verdict::On);
        // Whoever made a cgroup: it leaks, or could.
        let pods = counts(CgroupKind::Pod, 0, 3, 0);
        let others = |on, off, cannot_tell| counts(CgroupKind::Other, on, off, cannot_tell);
        assert_eq!(of(&[pods.clone(), others(1, 5, 0)]), Verdict::On);
        assert_eq!(of(&[pods.clone(), others(0, 5, 0)]), Verdict::Off);
        assert_eq!(of(&[pods, others(0, 5, 1)]), Verdict::CannotTell);
        assert_eq!(of(&[others(0, 5, 0)]), Verdict::CannotTell);
    }

    fn system(kernel: &str, nokmem: bool) -> System {
        System {
            kernel: kernel.to_owned(),
            slabs: None,
            memory_cgroups: None,
            nokmem,
        }
    }

    #[test]
    fn nobody_turned_on_what_the_kernel_does_by_itself() {
        let all_on = [
            counts(CgroupKind::Pod, 3, 0, 0),
            counts(CgroupKind::Other, 9, 0, 0),
        ];
        let unknown = [counts(CgroupKind::Pod, 0, 0, 3)];
        for kernel in ["4.6.0", "4.19.0-26-amd64", "5.8.18", "5.10.0", "6.18.44"] {
            assert_eq!(
                Verdict::of(&system(kernel, false), &all_on),
                Verdict::ByKernel
            );
            assert_eq!(
                Verdict::of(&system(kernel, false), &unknown),
                Verdict::ByKernel
            );
            assert_eq!(Verdict::of(&system(kernel, false), &[]), Verdict::ByKernel);
            assert_eq!(Verdict::of(&system(kernel, true), &unknown), Verdict::Off);
        }
        for (kernel, otherwise) in [
            ("3.10.0", Verdict::CannotTell),
            ("4.3.6", Verdict::CannotTell),
            ("4.4.0-210-generic", Verdict::DoesNotLeak),
            ("4.5.7", Verdict::DoesNotLeak),
        ] {
            for nokmem in [false, true] {
                assert_eq!(Verdict::of(&system(kernel, nokmem), &all_on), Verdict::On);
                assert_eq!(Verdict::of(&system(kernel, nokmem), &unknown), otherwise);
            }
        }
        let without = KindCounts {
            no_controller: 3,
            ..KindCounts::new(CgroupKind::Pod)
        };
        assert_eq!(
            Verdict::of(&system("4.19.0", false), &[without]),
            Verdict::DoesNotLeak
        );
    }
}
