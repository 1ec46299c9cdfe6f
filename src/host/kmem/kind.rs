//! What a cgroup belongs to, decided by its name and its parents.
//!
//! Names made by kubelet (`pkg/kubelet/cm`), libcontainer and the runtimes, with both cgroup drivers:
//!
//! | what | cgroupfs | systemd |
//! |---|---|---|
//! | all pods | `kubepods` | `kubepods.slice` |
//! | a `QoS` class | `burstable`, `besteffort` | `kubepods-burstable.slice` |
//! | a pod | `pod<uid>` | `kubepods-burstable-pod<uid>.slice` |
//! | a container | `<id>` | `docker-<id>.scope`, `cri-containerd-<id>.scope`, `crio-<id>.scope` |
//! | a container outside pods | `docker/<id>`, `<namespace>/<id>` | `system.slice/docker-<id>.scope` |
//!
//! With kubelet's `--cgroup-root`, all pods are below that cgroup, and systemd's slices have its name as a prefix:
//! `kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice`.

use serde::Serialize;

/// What a cgroup belongs to, in the order of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CgroupKind {
    /// Kubelet's cgroup of all pods.
    Kubepods,
    /// Kubelet's cgroup of a `QoS` class.
    Qos,
    /// Kubelet's cgroup of a pod.
    Pod,
    /// A container in a pod, made by the runtime.
    PodContainer,
    /// A container outside pods, made by the runtime.
    Container,
    /// A cgroup made inside a container.
    Nested,
    /// The parent of a runtime's containers, such as `docker`. It is a side effect, so it proves nothing.
    Runtime,
    /// Anything else: system services, sessions, batch systems, containers with names of their own. That accounting is
    /// off in it proves nothing about kubelet or a runtime, but on a kernel that leaks it must not be on either.
    Other,
    /// The root of the whole hierarchy, which no program can turn accounting on for. Not judged.
    Root,
}

impl CgroupKind {
    /// All kinds, in order.
    pub const ALL: [Self; 9] = [
        Self::Kubepods,
        Self::Qos,
        Self::Pod,
        Self::PodContainer,
        Self::Container,
        Self::Nested,
        Self::Runtime,
        Self::Other,
        Self::Root,
    ];

    /// Whether its accounting is read.
    pub fn is_judged(self) -> bool {
        self != Self::Root
    }

    /// Whether it is kubelet's or a runtime's, and what is charged to it is the memory of pods and containers.
    pub fn is_of_containers(self) -> bool {
        !matches!(self, Self::Other | Self::Root)
    }

    /// Whether accounting that is off in it proves anything about kubelet or a runtime.
    pub fn is_proof(self) -> bool {
        !matches!(
            self,
            Self::Other | Self::Root | Self::Nested | Self::Runtime
        )
    }

    /// The name to print.
    pub fn title(self) -> &'static str {
        match self {
            Self::Kubepods => "kubepods",
            Self::Qos => "kubepods: QoS classes",
            Self::Pod => "pods",
            Self::PodContainer => "containers in pods",
            Self::Container => "other containers",
            Self::Nested => "inside containers",
            Self::Runtime => "parents of containers",
            Self::Other => "all others",
            Self::Root => "the root (not checked)",
        }
    }

    /// The kind of a cgroup with this name, in a cgroup of the kind `parent`.
    pub(super) fn of(name: &[u8], parent: Self) -> Self {
        let name = String::from_utf8_lossy(name);
        if is_kubepods(&name) {
            // Also below --cgroup-root, and below the container of a node that is itself a container.
            return Self::Kubepods;
        }
        match parent {
            Self::Kubepods | Self::Qos => Self::in_kubepods(&name),
            Self::Pod => Self::PodContainer,
            Self::PodContainer | Self::Container | Self::Nested if !is_runtime(&name) => {
                Self::Nested
            }
            Self::Runtime => Self::Container,
            _ if is_runtime(&name) => Self::Runtime,
            // A slice in runc's systemd notation may be a plain directory in containerd's service.
            _ if name.contains(":cri-containerd:") && name.contains("kubepods") => {
                Self::PodContainer
            }
            _ if is_container(&name) => Self::Container,
            // Also below the root.
            _ => Self::Other,
        }
    }

    fn in_kubepods(name: &str) -> Self {
        let slice = name.strip_suffix(".slice");
        let pod = match slice {
            // Not in the prefix, which is the name of --cgroup-root.
            Some(slice) => slice
                .rsplit("kubepods")
                .next()
                .is_some_and(|rest| rest.contains("-pod")),
            None => name.starts_with("pod"),
        };
        if pod { Self::Pod } else { Self::Qos }
    }
}

fn is_kubepods(name: &str) -> bool {
    matches!(name, "kubepods" | "kubepods.slice") || name.ends_with("-kubepods.slice")
}

fn is_runtime(name: &str) -> bool {
    matches!(name, "docker" | "k8s.io" | "moby" | "libpod_parent")
}

/// Whether it is the name of a container: 64 hexadecimal digits, alone or in systemd's form.
fn is_container(name: &str) -> bool {
    let bare = name.strip_suffix(".scope").unwrap_or(name);
    let id = bare.rsplit(['-', ':']).next().unwrap_or(bare);
    id.len() == 64 && id.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}
