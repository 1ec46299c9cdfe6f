//! What the chosen tests need of this machine, looked up once, so that everything missing is listed together.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Once;
use std::{env, fs, io, process};

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

const ENGINE: &[&str] = &["builds", "engine", "kubelet", "machine", "release"];
const GIT: &[&str] = &[
    "builds", "doctor", "kubelet", "release", "scripted", "source",
];

/// A program and the Debian package that has it.
const fn program(
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

const NEEDS: [Need; 21] = [
    program("ar", "binutils", &["packaging"]),
    program("busybox", "busybox-static", &["builds", "packaging"]),
    program(
        "cc",
        "gcc libc6-dev",
        &[
            "builds",
            "compare",
            "doctor",
            "like",
            "machine",
            "node_script",
            "scripted",
            "verify",
        ],
    ),
    program("chromium", "chromium", &["machine"]),
    program("dash", "dash", &["machine", "packaging"]),
    program("docker", "docker.io", ENGINE),
    program(
        "docker-registry",
        "docker-registry",
        &["builds", "engine", "kubelet", "release"],
    ),
    program("fusermount3", "fuse3", &["machine"]),
    program("git", "git", GIT),
    program("groff", "groff", &["commands"]),
    program("minisign", "minisign", &["attestation"]),
    program("mmdebstrap", "mmdebstrap", ENGINE),
    program("openssl", "openssl", &["attestation", "doctor", "release"]),
    program("perl", "perl", &["builds", "engine", "kubelet", "release"]),
    program("rpm", "rpm", &["packaging"]),
    program("script", "bsdutils", &["kmem"]),
    program("setpriv", "util-linux", &["machine"]),
    program("shellcheck", "shellcheck", &["machine", "packaging"]),
    program("zstd", "zstd", &["packaging"]),
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

/// Ends this run of the tests with a list when this machine lacks something that the chosen modules need. Only the first
/// call looks.
pub fn check() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let arguments: Vec<_> = env::args().skip(1).collect();
        let missing: Vec<_> = NEEDS
            .iter()
            .filter(|need| {
                need.modules
                    .iter()
                    .any(|module| is_chosen(module, &arguments))
            })
            .filter(|need| !(need.is_there)(need.name))
            .map(|need| format!("  {} ({})\n", need.name, need.remedy))
            .collect();
        if missing.is_empty() {
            return;
        }
        // Written directly: what `eprintln` writes in a test is shown only when that test has ended.
        let _ = write!(
            io::stderr().lock(),
            "\nnot found on this machine, and required by the chosen tests:\n{}\
             `make check` installs what the tests without an engine need, `make test` the rest.\n",
            missing.concat()
        );
        process::exit(101);
    });
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
