//! What the chosen tests need of this machine, looked up once, so that everything missing is listed together.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Once;
use std::{env, fs, io, process};

use super::static_program;

/// Something that tests need.
struct Need {
    /// What it is called.
    name: &'static str,
    /// Modules of the tests that need it.
    modules: &'static [&'static str],
    is_there: fn(&str) -> bool,
    /// How to get it.
    remedy: &'static str,
}

const ENGINE: &[&str] = &[
    "builds", "cluster", "engine", "kubelet", "machine", "nodes", "release",
];
const MACHINES: &[&str] = &["nodes"];
const GIT: &[&str] = &[
    "builds", "bundles", "cluster", "doctor", "kubelet", "release", "scripted", "source",
];

/// A program and the Debian package that has it.
const fn of_package(
    name: &'static str,
    package: &'static str,
    modules: &'static [&'static str],
) -> Need {
    Need {
        name,
        modules,
        is_there: is_on_path,
        remedy: package,
    }
}

const NEEDS: &[Need] = &[
    of_package("ansible-playbook", "ansible-core", &["nodes", "rollout"]),
    of_package("apt-ftparchive", "apt-utils", &["packaging"]),
    of_package("ar", "binutils", &["packaging"]),
    of_package(
        "busybox",
        "busybox-static",
        &[
            "builds",
            "bundles",
            "cluster",
            "engine",
            "packaging",
            "runtime",
        ],
    ),
    of_package(
        "cc",
        "gcc libc6-dev",
        &[
            "builds",
            "compare",
            "doctor",
            "kmem",
            "like",
            "machine",
            "messages",
            "node",
            "node_script",
            "rollout",
            "scripted",
            "transport",
            "verify",
        ],
    ),
    of_package("chromium", "chromium", &["machine"]),
    of_package("createrepo_c", "createrepo-c", &["packaging"]),
    of_package("crun", "crun", &["builds", "bundles", "runtime"]),
    of_package("dash", "dash", &["machine", "packaging", "rollout"]),
    of_package("dnf", "dnf", &["packaging"]),
    of_package("docker", "docker.io", ENGINE),
    of_package("dockerd", "docker.io", &["cluster"]),
    of_package(
        "docker-registry",
        "docker-registry",
        &[
            "builds",
            "bundles",
            "cluster",
            "engine",
            "kubelet",
            "release",
            "transport",
        ],
    ),
    of_package("etcd", "etcd-server", &["cluster"]),
    of_package("flock", "util-linux", &["cluster"]),
    of_package("fusermount3", "fuse3", &["machine"]),
    of_package("fish", "fish", &["commands"]),
    of_package("git", "git", GIT),
    of_package("groff", "groff", &["commands"]),
    of_package("gpg", "gnupg", &["attestation", "packaging", "release"]),
    of_package("ip", "iproute2", &["cluster"]),
    of_package("mke2fs", "e2fsprogs", MACHINES),
    of_package("minisign", "minisign", &["attestation"]),
    of_package("mmdebstrap", "mmdebstrap", ENGINE),
    of_package(
        "openssl",
        "openssl",
        &["attestation", "cluster", "doctor", "release", "transport"],
    ),
    of_package("newuidmap", "uidmap", &["builds", "runtime"]),
    of_package("nft", "nftables", &["builds", "bundles"]),
    of_package("nsenter", "util-linux", &["cluster"]),
    of_package("patchelf", "patchelf", &["builds"]),
    of_package(
        "perl",
        "perl",
        &[
            "builds",
            "cluster",
            "engine",
            "kubelet",
            "release",
            "transport",
        ],
    ),
    of_package("podman", "podman", &["engine"]),
    of_package("promtool", "prometheus", &["monitoring"]),
    of_package("qemu-img", "qemu-utils", MACHINES),
    of_package("qemu-system-x86_64", "qemu-system-x86", MACHINES),
    of_package("rpm", "rpm", &["packaging"]),
    of_package("systemd-analyze", "systemd", &["monitoring"]),
    of_package("runc", "runc", &["builds", "cluster", "machine", "runtime"]),
    of_package("script", "bsdutils", &["bundles", "kmem", "node"]),
    of_package(
        "setpriv",
        "util-linux",
        &["builds", "cluster", "machine", "nodes", "runtime"],
    ),
    of_package(
        "shellcheck",
        "shellcheck",
        &["machine", "packaging", "rollout"],
    ),
    of_package("ssh", "openssh-client", MACHINES),
    of_package(
        "ssh-keygen",
        "openssh-client",
        &["machine", "nodes", "rollout"],
    ),
    of_package("sshd", "openssh-server", &["machine", "rollout"]),
    of_package("strace", "strace", &["machine", "packaging"]),
    of_package(
        "unshare",
        "util-linux",
        &[
            "builds", "bundles", "cluster", "rollout", "runtime", "scripted",
        ],
    ),
    of_package("zsh", "zsh", &["commands"]),
    of_package("zstd", "zstd", &["packaging"]),
    Need {
        name: "target/registry-tools/usr/bin/oras",
        modules: &["bundles", "transport"],
        is_there: |path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(),
        remedy: ".ci/install-registry-tools",
    },
    Need {
        name: "the static program with the engine kubernetes",
        modules: &["cluster"],
        is_there: |_| static_program::static_program().is_some(),
        remedy: ".ci/build-static",
    },
    Need {
        name: "target/verifiers/bin/python",
        modules: &["attestation"],
        is_there: |path| Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(),
        remedy: ".ci/install-verifiers",
    },
    Need {
        name: "an engine that answers `docker version`",
        modules: ENGINE,
        is_there: |_| succeeds("docker", &["version"]),
        remedy: "make engine",
    },
    Need {
        name: "version 1 of the memory controller",
        modules: ENGINE,
        is_there: |_| succeeds(".ci/require-cgroup-v1", &[]),
        remedy: ".ci/require-cgroup-v1 explains how",
    },
];

/// A command of a program that is in the list, which is looked at first.
pub fn installed(name: &str) -> Command {
    check();
    // A filter may choose a test by a part of its path that says nothing of its module.
    if !is_on_path(name) {
        end(NEEDS.iter().filter(|need| need.name == name));
    }
    Command::new(name)
}

/// Ends this run of the tests with a list when this machine lacks something that the chosen modules need. Only the first
/// call looks.
pub fn check() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let arguments: Vec<_> = env::args().skip(1).collect();
        let needed = |need: &&Need| {
            let mut modules = need.modules.iter();
            modules.any(|module| is_chosen(module, &arguments))
        };
        let missing = NEEDS.iter().filter(needed);
        let mut missing = missing
            .filter(|need| !(need.is_there)(need.name))
            .peekable();
        if missing.peek().is_some() {
            end(missing);
        }
    });
}

fn end<'a>(missing: impl Iterator<Item = &'a Need>) -> ! {
    let missing: String = missing
        .map(|need| format!("  {} ({})\n", need.name, need.remedy))
        .collect();
    // Written directly: what `eprintln` writes in a test is shown only when that test has ended.
    let _ = write!(
        io::stderr().lock(),
        "\nnot found on this machine, and required by the chosen tests:\n{missing}\
         `make check` installs what the tests without an engine need, `make test-nodes` what machines need, `make test` the rest.\n",
    );
    process::exit(101);
}

/// Whether the command line of the tests chooses tests of a module: filters are parts of their paths.
fn is_chosen(module: &str, arguments: &[String]) -> bool {
    let module = format!("{module}::");
    let (mut filters, mut skipped) = (Vec::new(), false);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--skip" => {
                let skip = words.next();
                skipped |= skip.is_some_and(|skip| module.contains(skip.as_str()));
            }
            "--test-threads" | "--color" | "--format" | "--logfile" | "--shuffle-seed" | "-Z" => {
                words.next();
            }
            option if option.starts_with('-') => {}
            filter => filters.push(filter),
        }
    }
    let fits = |filter: &&str| module.contains(filter) || filter.contains(&module);
    !skipped && (filters.is_empty() || filters.iter().any(fits))
}

fn is_on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| fs::metadata(folder.join(program)).is_ok())
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[test]
fn filters_choose_modules() {
    let chosen = |module: &str, line: &str| {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        is_chosen(module, &words)
    };
    assert!(chosen("builds", ""));
    assert!(chosen("builds", "builds:: --test-threads 1"));
    assert!(chosen("builds", "--exact builds::steps::one"));
    assert!(!chosen("builds", "engine:: --nocapture"));
    assert!(!chosen("builds", "--skip engine:: --skip builds::"));
    assert!(chosen("release", "--test-threads 1 release::"));
}
