//! Whose a cgroup is, decided by its name and its parents.
//!
//! On a kernel that leaks, accounting that is on in a cgroup leaks whoever made it. Who it was tells what to change.

use serde::Serialize;

use super::kind::CgroupKind;

/// Who made a cgroup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// Kubelet.
    Kubelet,
    /// Docker, for a container, and the runc that it starts.
    Docker,
    /// containerd, for a container in one of its namespaces, and the runc that it starts.
    Containerd,
    /// CRI-O, for a container, and the runc that it starts.
    CriO,
    /// Podman, for a container, and the runtime that it starts.
    Podman,
    /// A container runtime that does not name itself.
    Runtime,
    /// `BuildKit`, for a build step.
    BuildKit,
    /// Slurm, for a job.
    Slurm,
    /// `HTCondor`, for a job.
    HtCondor,
    /// PBS, for a job.
    Pbs,
    /// LSF, for a job.
    Lsf,
    /// Grid Engine, for a job.
    GridEngine,
    /// YARN, for a container of Hadoop.
    Yarn,
    /// Mesos, for a task.
    Mesos,
    /// Nomad, for a task.
    Nomad,
    /// Garden of Cloud Foundry.
    Garden,
    /// LXC or LXD, for a system container.
    Lxc,
    /// libvirt, for a virtual machine.
    Libvirt,
    /// systemd, for a service, a slice or a session.
    Systemd,
    /// This tool.
    Kmembuild,
    /// Not known by its name.
    Unknown,
}

/// Beginnings of names that no parent is needed to understand. A name is one of these, or one of these followed by a
/// character that is no letter.
const NAMES: [(&str, Owner); 24] = [
    ("docker", Owner::Docker),
    ("moby", Owner::Docker),
    ("cri-containerd", Owner::Containerd),
    ("nerdctl", Owner::Containerd),
    ("k8s.io", Owner::Containerd),
    ("crio", Owner::CriO),
    ("libpod", Owner::Podman),
    ("libpod_parent", Owner::Podman),
    ("buildkit", Owner::BuildKit),
    ("slurm", Owner::Slurm),
    ("slurmd", Owner::Slurm),
    ("slurmstepd", Owner::Slurm),
    ("htcondor", Owner::HtCondor),
    ("condor", Owner::HtCondor),
    ("pbs_jobs", Owner::Pbs),
    ("pbspro", Owner::Pbs),
    ("lsf", Owner::Lsf),
    ("UGE", Owner::GridEngine),
    ("hadoop-yarn", Owner::Yarn),
    ("mesos", Owner::Mesos),
    ("nomad", Owner::Nomad),
    ("garden", Owner::Garden),
    ("lxc", Owner::Lxc),
    ("kmembuild", Owner::Kmembuild),
];

impl Owner {
    /// The name to print.
    pub fn title(self) -> &'static str {
        match self {
            Self::Kubelet => "kubelet",
            Self::Docker => "docker",
            Self::Containerd => "containerd",
            Self::CriO => "CRI-O",
            Self::Podman => "podman",
            Self::Runtime => "a container runtime",
            Self::BuildKit => "BuildKit",
            Self::Slurm => "Slurm",
            Self::HtCondor => "HTCondor",
            Self::Pbs => "PBS",
            Self::Lsf => "LSF",
            Self::GridEngine => "Grid Engine",
            Self::Yarn => "YARN",
            Self::Mesos => "Mesos",
            Self::Nomad => "Nomad",
            Self::Garden => "Garden",
            Self::Lxc => "LXC",
            Self::Libvirt => "libvirt",
            Self::Systemd => "a systemd unit",
            Self::Kmembuild => "kmembuild",
            Self::Unknown => "unknown owner",
        }
    }

    /// Whether it makes containers with a runtime such as runc.
    pub fn runs_containers(self) -> bool {
        matches!(
            self,
            Self::Docker
                | Self::Containerd
                | Self::CriO
                | Self::Podman
                | Self::Runtime
                | Self::BuildKit
                | Self::Garden
        )
    }

    /// The owner of a cgroup with this name and kind, in a cgroup of `parent`. `depth` is 1 below the root.
    pub(super) fn of(name: &[u8], kind: CgroupKind, parent: Self, depth: usize) -> Self {
        match kind {
            CgroupKind::Kubepods | CgroupKind::Qos | CgroupKind::Pod => return Self::Kubelet,
            CgroupKind::Nested => return parent,
            CgroupKind::PodContainer
            | CgroupKind::Container
            | CgroupKind::Runtime
            | CgroupKind::Other
            | CgroupKind::Root => {}
        }
        let name = String::from_utf8_lossy(name);
        if let Some(owner) = by_name(&name) {
            return owner;
        }
        // containerd puts a container of its own client into the namespace, which is called so unless it was named.
        if depth == 1 && name == "default" {
            return Self::Containerd;
        }
        let is_container = matches!(kind, CgroupKind::PodContainer | CgroupKind::Container);
        match parent {
            Self::Kubelet | Self::Unknown | Self::Systemd if is_container => Self::Runtime,
            Self::Unknown | Self::Systemd if is_unit(&name) => Self::Systemd,
            parent => parent,
        }
    }
}

fn by_name(name: &str) -> Option<Owner> {
    if name.contains(":cri-containerd:") {
        return Some(Owner::Containerd);
    }
    // A virtual machine's scope, and the directory that libvirt makes without systemd.
    let is_machine = name.starts_with("machine-qemu") || name.starts_with("machine-lxc");
    if is_machine || name.ends_with(".libvirt-qemu") || name.ends_with(".libvirt-lxc") {
        return Some(Owner::Libvirt);
    }
    // The daemon's own service is systemd's, but what runs in it is the daemon's.
    let known = NAMES.iter().rev().find(|(known, _)| {
        let rest = name.strip_prefix(known);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    });
    known.map(|(_, owner)| *owner)
}

/// Whether it is the name of one of systemd's units.
fn is_unit(name: &str) -> bool {
    [".service", ".slice", ".scope", ".mount", ".socket", ".swap"]
        .iter()
        .any(|end| name.ends_with(end))
}
