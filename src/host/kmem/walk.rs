//! Walks through the cgroups.

use std::collections::VecDeque;
use std::ffi::CString;
use std::io;
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt as _;
use std::thread::{self, ScopedJoinHandle};

use rustix::fd::OwnedFd;
use rustix::fs::{Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::accounting::{self, Reason, RefusesWhenOff, read_start};
use super::error::HierarchyError;
use super::found::{Detail, Found};
use super::kind::CgroupKind;
use super::owner::Owner;
use super::status::Status;
use super::system::System;
use crate::host::Hierarchy;

/// How many bytes of a file are read: the beginning is enough.
const START: usize = 1024;
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::DIRECTORY);

/// Cgroups visited before their results are collected: few enough to hold, enough to be worth a thread.
const PORTION: usize = 4096;
/// The maximum number of threads. A node has other work, and more threads would only wait for the kernel's locks.
const THREADS: usize = 4;

/// A cgroup to visit.
struct Waiting {
    /// Path below the root; empty for the root.
    path: Vec<u8>,
    kind: CgroupKind,
    owner: Owner,
    /// How many cgroups it is below the root.
    depth: usize,
    /// Number of its parent; `None` for the root.
    parent: Option<u32>,
    /// Whether its parent is kubelet's or a runtime's and so includes what is charged to this one.
    counted: bool,
}

/// The result of visiting one cgroup.
#[derive(Default)]
struct Visit {
    reason: Option<Reason>,
    processes: bool,
    kernel_memory: Option<u64>,
    children: Vec<Vec<u8>>,
    problems: Vec<String>,
}

/// Visits all cgroups of `hierarchy` and judges all but its root. What cannot be read is among the
/// problems of the status.
///
/// # Errors
/// If the root of the hierarchy cannot be opened as a directory, or is not a cgroup.
pub fn walk(
    hierarchy: &Hierarchy,
    system: System,
    detail: Detail,
) -> Result<Status, HierarchyError> {
    // The root itself may be a link, like /sys/fs/cgroup/cpu.
    let flags = FOLDER.difference(OFlags::NOFOLLOW);
    let root = rustix::fs::open(&hierarchy.root, flags, Mode::empty()).map_err(|source| {
        HierarchyError::Root {
            path: hierarchy.root.clone(),
            source: source.into(),
        }
    })?;
    let procs = rustix::fs::statat(&root, c"cgroup.procs", rustix::fs::AtFlags::empty());
    if procs.is_err_and(|error| error == Errno::NOENT) {
        let path = hierarchy.root.clone();
        return Err(HierarchyError::NoCgroup { path });
    }
    let visitor = Visitor {
        root,
        kernel: system.refuses_when_off(),
    };
    let mut found = Found::new(detail);
    let mut waiting = VecDeque::from([first(hierarchy)]);
    while !waiting.is_empty() {
        let portion: Vec<_> = waiting.drain(..waiting.len().min(PORTION)).collect();
        for (cgroup, visit) in portion.iter().zip(visitor.visit_all(&portion)) {
            // A cgroup that was removed meanwhile is ignored.
            let Some(visit) = visit else { continue };
            for problem in &visit.problems {
                found.problem(&cgroup.path, problem);
            }
            found.kernel_memory(visit.kernel_memory);
            let number = found.cgroup(
                cgroup.parent,
                &cgroup.path,
                cgroup.kind,
                cgroup.owner,
                visit.reason,
                visit.processes,
            );
            waiting.extend(visit.children.iter().map(|name| {
                let (kind, owner) = below_kind(name, cgroup.kind, cgroup.owner, cgroup.depth);
                Waiting {
                    path: join(&cgroup.path, name),
                    kind,
                    owner,
                    depth: cgroup.depth + 1,
                    parent: Some(number),
                    counted: cgroup.kind.is_of_containers(),
                }
            }));
        }
    }
    Ok(found.finish(hierarchy, system))
}

/// The cgroup to begin with: the root of the hierarchy, or a cgroup in it, which is judged as what its path says.
fn first(hierarchy: &Hierarchy) -> Waiting {
    let (mut kind, mut owner, mut depth) = (CgroupKind::Other, Owner::Unknown, 0);
    for part in hierarchy.root.components() {
        let name = part.as_os_str().as_bytes();
        (kind, owner) = below_kind(name, kind, owner, depth);
        depth += 1;
        // What the mount point is in says nothing about the owners of cgroups.
        if name == b"memory" {
            (owner, depth) = (Owner::Unknown, 0);
        }
    }
    let parent = hierarchy.root.parent();
    let is_below = parent.is_some_and(|parent| parent.join("cgroup.procs").exists());
    if kind == CgroupKind::Other && (hierarchy.whole || !is_below) {
        (kind, owner, depth) = (CgroupKind::Root, Owner::Unknown, 0);
    }
    Waiting {
        path: Vec::new(),
        kind,
        owner,
        depth,
        parent: None,
        counted: false,
    }
}

/// Kind and owner of the cgroup `name` in a cgroup of that kind and owner.
fn below_kind(name: &[u8], kind: CgroupKind, owner: Owner, depth: usize) -> (CgroupKind, Owner) {
    let kind = CgroupKind::of(name, kind);
    (kind, Owner::of(name, kind, owner, depth + 1))
}

/// Reads cgroups below one directory.
struct Visitor {
    root: OwnedFd,
    kernel: RefusesWhenOff,
}

impl Visitor {
    /// Visits all of them on a few threads; `None` for a cgroup that is gone.
    fn visit_all(&self, cgroups: &[Waiting]) -> Vec<Option<Visit>> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let share = cgroups.len().div_ceil(threads.min(THREADS)).max(256);
        let visit = |cgroups: &[Waiting]| -> Vec<_> {
            let mut buffer = vec![0; START];
            let visits = cgroups.iter();
            visits
                .map(|cgroup| self.visit_present(cgroup, &mut buffer))
                .collect()
        };
        if cgroups.len() <= share {
            return visit(cgroups);
        }
        thread::scope(|scope| {
            let started: Vec<_> = cgroups
                .chunks(share)
                .map(|share| {
                    let thread = thread::Builder::new().spawn_scoped(scope, move || visit(share));
                    (share, thread)
                })
                .collect();
            let ended = started.into_iter().flat_map(|(share, thread)| {
                match thread.map(ScopedJoinHandle::join) {
                    Ok(Ok(visits)) => visits,
                    Ok(Err(panic)) => std::panic::resume_unwind(panic),
                    // A node may be short of threads; then this one does that work, too.
                    Err(_) => visit(share),
                }
            });
            ended.collect()
        })
    }

    fn visit_present(&self, cgroup: &Waiting, buffer: &mut [u8]) -> Option<Visit> {
        let mut visit = Visit::default();
        match self.visit(cgroup, &mut visit, buffer) {
            Ok(()) => {}
            Err(_) if !self.is_there(cgroup) => return None,
            Err(error) => visit.problems.push(format!("could not be read: {error}")),
        }
        let doubtful = !visit.problems.is_empty() || visit.reason == Some(Reason::Missing);
        (!doubtful || self.is_there(cgroup)).then_some(visit)
    }

    fn visit(&self, cgroup: &Waiting, visit: &mut Visit, buffer: &mut [u8]) -> io::Result<()> {
        // Assumed to have processes until that is read.
        visit.processes = true;
        let judged = cgroup.kind.is_judged();
        if judged {
            visit.reason = Some(Reason::Unreadable);
        }
        let path = below(&cgroup.path);
        let folder = rustix::fs::openat(&self.root, path.as_c_str(), FOLDER, Mode::empty())?;
        if judged {
            match accounting::judge(&folder, self.kernel, buffer) {
                Ok(reason) => visit.reason = Some(reason),
                Err(error) => {
                    let text = format!("could not read memory.kmem.slabinfo: {error}");
                    visit.problems.push(text);
                }
            }
        }
        match read_start(&folder, c"cgroup.procs", buffer) {
            Ok(text) => visit.processes = !text.is_empty(),
            Err(error) => {
                let error = io::Error::from(error);
                visit
                    .problems
                    .push(format!("could not read cgroup.procs: {error}"));
            }
        }
        if cgroup.kind.is_of_containers() && !cgroup.counted {
            let usage = read_start(&folder, c"memory.kmem.usage_in_bytes", buffer);
            let text = usage.ok().and_then(|text| std::str::from_utf8(text).ok());
            visit.kernel_memory = text.and_then(|text| text.trim().parse().ok());
        }
        children(folder, visit)
    }

    /// Whether the cgroup still exists.
    fn is_there(&self, cgroup: &Waiting) -> bool {
        let path = below(&cgroup.path);
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        let stat = rustix::fs::statat(&self.root, path.as_c_str(), flags);
        !matches!(stat, Err(Errno::NOENT))
    }
}

/// Names of the child cgroups.
fn children(folder: OwnedFd, visit: &mut Visit) -> io::Result<()> {
    let mut unknown = Vec::new();
    let mut entries = Dir::new(folder)?;
    for entry in entries.by_ref() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        match entry.file_type() {
            FileType::Directory => visit.children.push(name.to_owned()),
            FileType::Unknown => unknown.push(entry.file_name().to_owned()),
            _ => {}
        }
    }
    for name in unknown {
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        let stat = rustix::fs::statat(entries.fd()?, name.as_c_str(), flags);
        if stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory) {
            visit.children.push(name.into_bytes());
        }
    }
    Ok(())
}

fn join(path: &[u8], name: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(path.len() + 1 + name.len());
    joined.extend_from_slice(path);
    if !path.is_empty() {
        joined.push(b'/');
    }
    joined.extend_from_slice(name);
    joined
}

/// The path for system calls. Names come from the system, so none contains a zero byte.
fn below(path: &[u8]) -> CString {
    CString::new(if path.is_empty() { b"." } else { path }).unwrap_or_default()
}
