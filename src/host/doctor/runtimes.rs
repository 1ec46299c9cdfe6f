//! Where the container runtimes of this host have their runc: by the processes that run, and by their configuration.
//!
//! The script for nodes looks in the same way.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::regular_file;

/// Beginnings of the names of processes that start containers, which the kernel cuts to 15 characters, and whole names.
const DAEMONS: [&str; 3] = ["containerd", "dockerd", "docker-containe"];
const DAEMONS_WHOLE: [&str; 2] = ["crio", "conmon"];
/// Configuration files, and directories of them.
const FILES: [&str; 3] = [
    "etc/docker/daemon.json",
    "etc/containerd/config.toml",
    "etc/crio/crio.conf",
];
const DIRECTORIES: [&str; 2] = ["etc/containerd/conf.d", "etc/crio/crio.conf.d"];
/// Keys of these files whose value is a runtime.
const KEYS: [&str; 5] = [
    "BinaryName",
    "runtime_path",
    "runtime_engine",
    "runtime",
    "path",
];
/// No file of these has more bytes, and nothing beyond the first ones is read of a process.
const LARGEST: u64 = 1 << 20;

/// Where runtimes are looked for in addition to the usual places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuntimePlaces {
    /// Directories of the running daemons, and those of their `PATH`.
    pub directories: BTreeSet<PathBuf>,
    /// What they are configured with: paths, or names to look for in all directories.
    pub programs: BTreeSet<PathBuf>,
}

impl RuntimePlaces {
    /// Reads below `proc` and `root`, which are `/proc` and `/` on the running host. What cannot be read is not known, as for
    /// a user other than root.
    pub fn read(proc: &Path, root: &Path) -> Self {
        let mut places = Self::default();
        let mut files: BTreeSet<PathBuf> = FILES.iter().map(|file| root.join(file)).collect();
        for directory in DIRECTORIES {
            let entries = fs::read_dir(root.join(directory)).into_iter().flatten();
            files.extend(entries.flatten().map(|entry| entry.path()));
        }
        for process in fs::read_dir(proc).into_iter().flatten().flatten() {
            let process = process.path();
            if is_daemon(&process, root) {
                places.process(&process, &mut files);
            }
        }
        for file in files {
            if let Ok(bytes) = regular_file::read(&file, LARGEST) {
                places.configuration(&String::from_utf8_lossy(&bytes));
            }
        }
        places
    }

    /// Adds what a daemon runs from, and what its arguments name.
    fn process(&mut self, process: &Path, files: &mut BTreeSet<PathBuf>) {
        let exe = fs::read_link(process.join("exe"));
        if let Some(directory) = exe.ok().as_deref().and_then(Path::parent) {
            self.directories.insert(directory.to_owned());
        }
        for variable in words(&process.join("environ")) {
            if let Some(path) = variable.strip_prefix("PATH=") {
                let directories = std::env::split_paths(path);
                self.directories
                    .extend(directories.filter(|directory| directory.is_absolute()));
            }
        }
        let words = words(&process.join("cmdline"));
        let mut words = words.iter().skip(1).peekable();
        while let Some(word) = words.next() {
            let (option, value) = match word.split_once('=') {
                Some((option, value)) => (option, Some(value)),
                None => (word.as_str(), None),
            };
            let name = option.trim_start_matches('-');
            if name == option {
                // The runtime of docker-containerd-shim has no option.
                if word.starts_with('/') && word.contains("runc") {
                    self.programs.insert(word.into());
                }
                continue;
            }
            let mut value = || value.or_else(|| words.peek().map(|next| next.as_str()));
            match name {
                "runtime" | "add-runtime" | "r" => {
                    let value = value().unwrap_or_default();
                    // `--add-runtime NAME=PATH`
                    let path = value.split_once('=').map_or(value, |(_, path)| path);
                    self.program(path);
                }
                "config" | "config-file" | "c" => {
                    files.extend(
                        value()
                            .filter(|path| path.starts_with('/'))
                            .map(PathBuf::from),
                    );
                }
                _ => {}
            }
        }
    }

    /// Adds the values of a file. TOML and JSON alike have keys and values between commas, braces and lines.
    fn configuration(&mut self, text: &str) {
        let pairs = text.split(['{', '}', ',', '\n']);
        let pairs = pairs.filter_map(|pair| pair.split_once(['=', ':']));
        for (key, value) in pairs {
            if KEYS.contains(&key.trim().trim_matches(['"', '\''])) {
                let value = value.trim_start();
                let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
                let value = quote.and_then(|quote| value[1..].split_once(quote));
                self.program(value.map_or("", |(value, _)| value));
            }
        }
    }

    fn program(&mut self, path: &str) {
        // A relative path depends on where the daemon was started.
        if !path.is_empty() && (path.starts_with('/') || !path.contains('/')) {
            self.programs.insert(path.into());
        }
    }

    /// The paths of the configured programs: those that are named by a path, and the others in these directories.
    pub fn candidates(&self, directories: &[PathBuf]) -> Vec<PathBuf> {
        let found = self.programs.iter().flat_map(|program| {
            let places = if program.is_absolute() {
                vec![program.clone()]
            } else {
                let places = directories.iter();
                places.map(|directory| directory.join(program)).collect()
            };
            places.into_iter().filter(|path| is_executable(path))
        });
        found.collect()
    }
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.mode() & 0o111 != 0)
}

/// Whether it is a container runtime of this host: anybody can call a process so, and one in a container has other files.
fn is_daemon(process: &Path, root: &Path) -> bool {
    let name = text(&process.join("comm"));
    let name = name.trim_end();
    let is_called_so =
        DAEMONS.iter().any(|daemon| name.starts_with(daemon)) || DAEMONS_WHOLE.contains(&name);
    let own = rustix::process::geteuid().as_raw();
    let is_trusted = || {
        let process = fs::metadata(process);
        process.is_ok_and(|process| [0, own].contains(&process.uid()))
    };
    let place = |path: &Path| fs::metadata(path).ok().map(|it| (it.dev(), it.ino()));
    is_called_so
        && is_trusted()
        && place(&process.join("root")).is_some_and(|inner| place(root) == Some(inner))
}

/// The beginning of a file of a process.
fn text(path: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        let _ = file.take(LARGEST).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The words of a file in which each ends with a zero byte.
fn words(path: &Path) -> Vec<String> {
    text(path)
        .split_terminator('\0')
        .map(str::to_owned)
        .collect()
}
