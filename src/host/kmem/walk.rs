//! The walk through the cgroups.

use std::collections::VecDeque;
use std::ffi::CString;
use std::io;
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt as _;
use std::thread;

use rustix::fd::OwnedFd;
use rustix::fs::{Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::accounting::{self, Reason, RefusesWhenOff, read_start};
use super::error::HierarchyError;
use super::kind::Level;
use super::status::{Detail, Found, Status};
use super::system::System;
use crate::host::Hierarchy;

/// Bytes that are read of a file: what tells is at its beginning.
const START: usize = 1024;
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::DIRECTORY);

/// Cgroups that are visited before what they gave is taken in: few enough to hold, and enough to be worth a thread.
const PORTION: usize = 4096;
/// Most threads. A node has other work, and more would only wait for the same locks of the kernel.
const THREADS: usize = 4;

/// A cgroup that is to be visited.
struct Waiting {
    /// Path below the root; empty for the root.
    path: Vec<u8>,
    level: Level,
    /// Number of the cgroup that it is in, if it is not the root.
    parent: Option<u32>,
    /// Whether the cgroup that it is in is judged and so counts what this one is charged with.
    counted: bool,
}

/// What one cgroup gave.
#[derive(Default)]
struct Visit {
    reason: Option<Reason>,
    processes: bool,
    kernel_memory: Option<u64>,
    children: Vec<Vec<u8>>,
    problems: Vec<String>,
}

/// Visits all cgroups of `hierarchy` and judges those of kubelet and of runtimes. What cannot be read is among the
/// problems of the status.
///
/// # Errors
/// When the root of the hierarchy cannot be opened as a folder, or is no cgroup.
pub fn walk(
    hierarchy: &Hierarchy,
    system: System,
    detail: Detail,
) -> Result<Status, HierarchyError> {
    // The root itself may be a link, as /sys/fs/cgroup/cpu is.
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
    let mut waiting = VecDeque::from([Waiting {
        path: Vec::new(),
        level: level_of_root(hierarchy),
        parent: None,
        counted: false,
    }]);
    while !waiting.is_empty() {
        let portion: Vec<_> = waiting.drain(..waiting.len().min(PORTION)).collect();
        for (cgroup, visit) in portion.iter().zip(visitor.visit_all(&portion)) {
            // One that went meanwhile is no news.
            let Some(visit) = visit else { continue };
            for problem in &visit.problems {
                found.problem(&cgroup.path, problem);
            }
            found.kernel_memory(visit.kernel_memory);
            let number = found.cgroup(
                cgroup.parent,
                &cgroup.path,
                cgroup.level,
                visit.reason,
                visit.processes,
            );
            waiting.extend(visit.children.iter().map(|name| Waiting {
                path: join(&cgroup.path, name),
                level: Level::of(name, cgroup.level),
                parent: Some(number),
                counted: cgroup.level.is_judged(),
            }));
        }
    }
    Ok(found.finish(hierarchy, system))
}

/// The root is judged when `--root` names a cgroup of kubelet's or of a runtime's.
fn level_of_root(hierarchy: &Hierarchy) -> Level {
    let parts = hierarchy.root.components();
    parts.fold(Level::Other, |parent, part| {
        Level::of(part.as_os_str().as_bytes(), parent)
    })
}

/// Reads cgroups below one folder.
struct Visitor {
    root: OwnedFd,
    kernel: RefusesWhenOff,
}

impl Visitor {
    /// Visits all of them on a few threads; none for one that is gone.
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
                .map(|share| scope.spawn(move || visit(share)))
                .collect();
            let ended = started.into_iter().flat_map(|thread| match thread.join() {
                Ok(visits) => visits,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            ended.collect()
        })
    }

    fn visit_present(&self, cgroup: &Waiting, buffer: &mut [u8]) -> Option<Visit> {
        let mut visit = Visit::default();
        match self.visit(cgroup, &mut visit, buffer) {
            Ok(()) => {}
            Err(_) if !self.is_there(cgroup) => return None,
            Err(error) => visit.problems.push(format!("cannot be read: {error}")),
        }
        let doubtful = !visit.problems.is_empty() || visit.reason == Some(Reason::Missing);
        (!doubtful || self.is_there(cgroup)).then_some(visit)
    }

    fn visit(&self, cgroup: &Waiting, visit: &mut Visit, buffer: &mut [u8]) -> io::Result<()> {
        // Not known to be without, until that is read.
        visit.processes = true;
        let judged = cgroup.level.is_judged();
        if judged {
            visit.reason = Some(Reason::Unreadable);
        }
        let path = below(&cgroup.path);
        let folder = rustix::fs::openat(&self.root, path.as_c_str(), FOLDER, Mode::empty())?;
        if judged {
            match accounting::judge(&folder, self.kernel, buffer) {
                Ok(reason) => visit.reason = Some(reason),
                Err(error) => {
                    let text = format!("memory.kmem.slabinfo cannot be read: {error}");
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
                    .push(format!("cgroup.procs cannot be read: {error}"));
            }
        }
        if judged && !cgroup.counted {
            let usage = read_start(&folder, c"memory.kmem.usage_in_bytes", buffer);
            let text = usage.ok().and_then(|text| std::str::from_utf8(text).ok());
            visit.kernel_memory = text.and_then(|text| text.trim().parse().ok());
        }
        children(folder, visit)
    }

    /// Whether the cgroup has not been removed meanwhile.
    fn is_there(&self, cgroup: &Waiting) -> bool {
        let path = below(&cgroup.path);
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        let stat = rustix::fs::statat(&self.root, path.as_c_str(), flags);
        !matches!(stat, Err(Errno::NOENT))
    }
}

/// Names of the cgroups in one.
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

/// The path as the system takes it. Names come from the system, so that none holds a zero byte.
fn below(path: &[u8]) -> CString {
    CString::new(if path.is_empty() { b"." } else { path }).unwrap_or_default()
}
