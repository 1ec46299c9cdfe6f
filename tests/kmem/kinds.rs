//! What cgroups belong to, told by their names and their parents.

use std::fs;

use kmembuild::host::Hierarchy;
use kmembuild::host::kmem::{CgroupKind, Detail, System, walk};

#[test]
fn the_names_of_both_cgroup_drivers_are_known() {
    use CgroupKind::{Container, Kubepods, Nested, Other, Pod, PodContainer, Qos, Runtime};
    let cgroups = [
        ("kubepods", Kubepods),
        ("kubepods/burstable", Qos),
        (
            "kubepods/besteffort/pod5d0e8ae2-7a2b-11e9-8d0e-525400c8e5f9",
            Pod,
        ),
        ("kubepods/pod5d0e8ae2-7a2b-11e9-8d0e-525400c8e5f9", Pod),
        ("kubepods/burstable/pod12/ID", PodContainer),
        ("kubepods/burstable/pod12/crio-ID", PodContainer),
        ("kubepods/burstable/pod12/ID/init.scope", Nested),
        ("kubepods.slice", Kubepods),
        ("kubepods.slice/kubepods-burstable.slice", Qos),
        ("kubepods.slice/kubepods-pod5d0e8ae2_7a2b.slice", Pod),
        (
            "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod5d0e.slice",
            Pod,
        ),
        (
            "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod5d.slice/docker-ID.scope",
            PodContainer,
        ),
        (
            "kubepods.slice/kubepods-pod5d.slice/cri-containerd-ID.scope",
            PodContainer,
        ),
        ("node/kubepods/burstable", Qos),
        ("kubelet.slice", Other),
        ("kubelet.slice/kubelet-kubepods.slice", Kubepods),
        (
            "my.slice/my-pods.slice/my-pods-kubepods.slice/my-pods-kubepods-besteffort.slice",
            Qos,
        ),
        (
            "kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod5d.slice",
            Pod,
        ),
        (
            "kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod5d.slice/docker-ID.scope",
            PodContainer,
        ),
        ("docker", Runtime),
        ("docker/ID", Container),
        ("docker/ID/system.slice", Nested),
        ("docker/ID/docker", Runtime),
        ("docker/ID/kubelet/kubepods/pod1", Pod),
        ("system.slice", Other),
        ("system.slice/docker.service", Other),
        ("system.slice/docker-ID.scope", Container),
        (
            "system.slice/containerd.service/kubepods-burstable-pod5d.slice:cri-containerd:ID",
            PodContainer,
        ),
        ("machine.slice/libpod-ID.scope", Container),
        ("k8s.io/ID", Container),
        ("default/ID", Container),
        ("user.slice/user-0.slice/session-1.scope", Other),
    ]
    .map(|(path, kind)| (path.replace("ID", &"0af5".repeat(16)), kind));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cgroup.procs"), "").unwrap();
    for (path, _) in &cgroups {
        fs::create_dir_all(folder.path().join(path)).unwrap();
    }
    let system = System {
        kernel: "3.10.0".to_owned(),
        slabs: None,
        memory_cgroups: None,
        nokmem: false,
    };
    let root = folder.path().to_owned();
    let hierarchy = Hierarchy { root, whole: false };
    let status = walk(&hierarchy, system, Detail::All).unwrap();
    for (path, kind) in cgroups {
        let cgroup = format!("/{path}");
        let mut shown = status.shown.iter();
        let found = shown.find(|found| found.cgroup == cgroup);
        assert_eq!(found.map(|found| found.kind), Some(kind), "{path}");
    }
}
