//! What the runtime is told about a container: `config.json` of the OCI runtime specification 1.0, as far as it is used here.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::engine::{Network, Privileges, SessionSpec};

/// Version of the specification.
const VERSION: &str = "1.0.2";
/// Where programs are looked for, unless the image says otherwise.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Length of a period of the processor controller, in microseconds.
const PERIOD: u64 = 100_000;

/// What root may do in a session: what Docker's default is.
const CAPABILITIES: [&str; 14] = [
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

/// System calls that no step of a build needs, and with which a hostile one could reach more of the kernel.
const DENIED: [&str; 37] = [
    "acct",
    "add_key",
    "bpf",
    "delete_module",
    "finit_module",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "init_module",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "ioperm",
    "iopl",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "mount",
    "mount_setattr",
    "move_mount",
    "name_to_handle_at",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "pivot_root",
    "quotactl",
    "reboot",
    "request_key",
    "setns",
    "swapoff",
    "swapon",
    "umount",
    "umount2",
    "unshare",
    "userfaultfd",
    "vhangup",
];
/// What `clone` is not called with: new namespaces of users, mounts, processes, networks, names, cgroups and messages.
const NAMESPACES: [u64; 7] = [
    0x1000_0000,
    0x0002_0000,
    0x2000_0000,
    0x4000_0000,
    0x0400_0000,
    0x0200_0000,
    0x0800_0000,
];
/// Number of the error that a denied call fails with, EPERM.
const NOT_PERMITTED: u32 = 1;
/// Number of the error of a call that does not exist, ENOSYS: with it, programs use `clone` instead of `clone3`, whose
/// arguments a filter cannot see.
const NOT_THERE: u32 = 38;

/// Files of the kernel that tell of its host, or change it.
const MASKED: [&str; 10] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
];
/// Files of the kernel that are read only.
const READ_ONLY: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// Directories of this machine that a session has, by where they are in it.
pub(super) struct Bound<'a> {
    pub source: &'a Path,
    pub destination: &'a str,
    pub is_read_only: bool,
}

/// What a session is made of on this machine.
pub(super) struct Parts<'a> {
    /// Its root file system.
    pub root: &'a Path,
    pub bound: Vec<Bound<'a>>,
    /// Variables of its commands.
    pub environment: &'a BTreeMap<String, String>,
    pub hostname: &'a str,
    /// Where the container's cgroups are, from the root of each hierarchy; `None` where none can be made.
    pub cgroup: Option<&'a str>,
    /// Whether this system has the second version of cgroups.
    pub is_cgroup2: bool,
    /// Whether root is an ordinary user of this machine.
    pub in_user_namespace: bool,
}

/// The configuration of a session's container.
pub(super) fn configuration(spec: &SessionSpec, parts: &Parts<'_>) -> Value {
    let kinds = ["pid", "ipc", "uts", "mount"];
    let own_network = (spec.network == Network::None).then_some("network");
    let own_cgroups = parts.is_cgroup2.then_some("cgroup");
    let namespaces: Vec<_> = kinds
        .into_iter()
        .chain(own_network)
        .chain(own_cgroups)
        .map(|kind| json!({"type": kind}))
        .collect();
    let lifetime = spec.lifetime.as_secs().max(1).to_string();
    let mut linux = json!({
        "namespaces": namespaces,
        "resources": resources(spec, parts.cgroup.is_some()),
        "maskedPaths": MASKED,
        "readonlyPaths": READ_ONLY,
    });
    if let Some(cgroup) = parts.cgroup {
        linux["cgroupsPath"] = cgroup.into();
    }
    // What may mount is not kept from it.
    if !spec.privileges.makes_cgroups {
        linux["seccomp"] = filter();
    }
    let main = ["sleep", &lifetime];
    let workdir = spec.workdir.path().as_str();
    json!({
        "ociVersion": VERSION,
        "root": {"path": parts.root, "readonly": false},
        "hostname": parts.hostname,
        "process": process(&main, parts.environment, workdir, spec.privileges),
        "mounts": mounts(spec, parts),
        "linux": linux,
    })
}

/// A process in a session.
pub(super) fn process(
    command: &[impl AsRef<str>],
    environment: &BTreeMap<String, String>,
    workdir: &str,
    privileges: Privileges,
) -> Value {
    let further = ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE"].into_iter();
    let further = further.filter(|_| privileges.makes_cgroups);
    let capabilities: Vec<_> = CAPABILITIES.into_iter().chain(further).collect();
    let words: Vec<&str> = command.iter().map(AsRef::as_ref).collect();
    let environment = environment.iter();
    let environment: Vec<_> = environment
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    json!({
        "terminal": false,
        "user": {"uid": 0, "gid": 0},
        "args": words,
        "env": environment,
        "cwd": workdir,
        "capabilities": {
            "bounding": capabilities,
            "effective": capabilities,
            "permitted": capabilities,
        },
        "noNewPrivileges": true,
    })
}

/// The variables of a session's commands: what Docker gives them, and then the image's own.
pub(super) fn environment(of_image: &[String], hostname: &str) -> BTreeMap<String, String> {
    let usual = [("PATH", PATH), ("HOME", "/root"), ("HOSTNAME", hostname)];
    let usual = usual.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let of_image = of_image.iter().filter_map(|variable| {
        let (name, value) = variable.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    usual.into_iter().chain(of_image).collect()
}

fn mounts(spec: &SessionSpec, parts: &Parts<'_>) -> Vec<Value> {
    let system = |destination: &str, kind: &str, options: &[&str]| json!({"destination": destination, "type": kind, "source": kind, "options": options});
    let quiet = ["nosuid", "noexec", "nodev"];
    let with = |further: &[&'static str]| [&quiet[..], further].concat();
    let mut mounts = vec![
        system("/proc", "proc", &quiet),
        system(
            "/dev",
            "tmpfs",
            &["nosuid", "strictatime", "mode=755", "size=65536k"],
        ),
        system(
            "/dev/pts",
            "devpts",
            &[
                "nosuid",
                "noexec",
                "newinstance",
                "ptmxmode=0666",
                "mode=0620",
            ],
        ),
        system("/dev/shm", "tmpfs", &with(&["mode=1777", "size=65536k"])),
        system("/dev/mqueue", "mqueue", &quiet),
    ];
    if spec.network == Network::None {
        mounts.push(system("/sys", "sysfs", &with(&["ro"])));
    } else {
        // Without a network of its own, a container may not mount it anew; it has what this machine has.
        let bind = if parts.in_user_namespace {
            // A user namespace may not take apart what it has from outside.
            "rbind"
        } else {
            "bind"
        };
        mounts.push(json!({
            "destination": "/sys", "type": "none", "source": "/sys", "options": with(&[bind, "ro"]),
        }));
    }
    if parts.in_user_namespace && parts.cgroup.is_none() {
        // Those of the user may be among them.
        mounts.push(system(
            "/sys/fs/cgroup",
            "tmpfs",
            &with(&["ro", "mode=755"]),
        ));
    }
    if parts.cgroup.is_some() {
        mounts.push(system(
            "/sys/fs/cgroup",
            "cgroup",
            &with(&["relatime", "ro"]),
        ));
    }
    let bound = parts.bound.iter().map(|bound| {
        let access = if bound.is_read_only { "ro" } else { "rw" };
        json!({
            "destination": bound.destination,
            "type": "none",
            "source": bound.source,
            "options": ["bind", "nodev", access],
        })
    });
    mounts.extend(bound);
    mounts
}

/// What the container may use. Nothing where no cgroups can be made.
fn resources(spec: &SessionSpec, has_cgroups: bool) -> Value {
    if !has_cgroups {
        return json!({});
    }
    // The runtime allows what every container needs.
    let mut resources = json!({"devices": [{"allow": false, "access": "rwm"}]});
    if let Some(memory) = spec.limits.memory {
        // Together with swap: there is no additional swap.
        resources["memory"] = json!({"limit": memory, "swap": memory});
    }
    if let Some(processors) = spec.limits.nano_cpus {
        let quota = i128::from(processors) * i128::from(PERIOD) / 1_000_000_000;
        let quota = i64::try_from(quota.max(1000)).unwrap_or(i64::MAX);
        resources["cpu"] = json!({"period": PERIOD, "quota": quota});
    }
    resources
}

/// The filter of system calls.
fn filter() -> Value {
    let architectures: &[&str] = match std::env::consts::ARCH {
        // The others are what the same processors and kernels run as well.
        "x86_64" => &["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "aarch64" => &["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
        _ => &[],
    };
    let clone = NAMESPACES.map(|namespace| {
        json!({
            "names": ["clone"],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": NOT_PERMITTED,
            "args": [{"index": 0, "value": namespace, "valueTwo": namespace, "op": "SCMP_CMP_MASKED_EQ"}],
        })
    });
    let denied =
        json!({"names": DENIED.as_slice(), "action": "SCMP_ACT_ERRNO", "errnoRet": NOT_PERMITTED});
    let not_there = json!({"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": NOT_THERE});
    let calls: Vec<_> = [denied, not_there].into_iter().chain(clone).collect();
    json!({"defaultAction": "SCMP_ACT_ALLOW", "architectures": architectures, "syscalls": calls})
}
