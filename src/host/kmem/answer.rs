//! Whether kernel-memory accounting is on on a machine, in words.

use super::accounting::Accounting;
use super::kind::CgroupKind;
use super::status::Status;
use super::verdict::Verdict;
use crate::number_of::number_of;

impl Status {
    /// The conclusion, for people.
    pub fn answer(&self) -> String {
        match self.verdict {
            Verdict::On => format!("ON in {}: {}", self.cgroups_on(), self.owners_text()),
            Verdict::ByKernel => "by the kernel itself in every cgroup, as always from 4.6 on; this kernel does not leak by it, and nothing has to be replaced".to_owned(),
            Verdict::DoesNotLeak => "unknown, but it does not matter: kernel memory does not leak here, whoever accounts it, and nothing has to be replaced".to_owned(),
            Verdict::Off if self.system.never_accounts() => {
                "off in all cgroups by cgroup.memory=nokmem".to_owned()
            }
            Verdict::CannotTell if self.root.is_none() => "unknown".to_owned(),
            Verdict::CannotTell if !self.kinds.iter().any(|counts| counts.kind.is_proof()) => {
                "unknown: there are no cgroups of kubelet or of containers".to_owned()
            }
            Verdict::CannotTell => "unknown".to_owned(),
            Verdict::Off => self.off(),
        }
    }

    /// What is off, and what nothing tells.
    fn off(&self) -> String {
        use CgroupKind::{Container, Kubepods, Pod, PodContainer, Qos};
        let has = |kinds: &[CgroupKind]| {
            let mut found = self.kinds.iter();
            found.any(|counts| kinds.contains(&counts.kind))
        };
        let text = match (has(&[Kubepods, Qos, Pod]), has(&[PodContainer, Container])) {
            (true, false) => "off for kubelet; unknown for runc, because there are no containers",
            (false, true) => "off for runc; unknown for kubelet, because there are no pods",
            _ => "off",
        };
        text.to_owned()
    }

    /// `6 cgroups`, of those with accounting.
    pub fn cgroups_on(&self) -> String {
        number_of(self.count(Accounting::On), "cgroup")
    }

    /// The owners of the cgroups with accounting, each with their number: `kubelet (4), docker (1)`.
    pub fn owners_text(&self) -> String {
        let owners = self.owners.iter();
        let owners = owners.map(|counts| format!("{} ({})", counts.owner.title(), counts.on));
        owners.collect::<Vec<_>>().join(", ")
    }
}
