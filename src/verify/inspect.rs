//! Inspects one file.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use rustix::fs::{Mode, OFlags};

use super::elf::{self, Program};
use super::error::VerifyError;
use super::findings::{Findings, Format, Packing};
use super::glibc::GlibcNeeds;
use super::{format, kmem, scan};
use crate::regular_file::Stoppable;

/// Size in bytes from which on a file is read for its headers and for its marks at the same time.
const LARGE: u64 = 1 << 20;

/// Inspects one file completely, without running it.
///
/// A file of an unexpected kind is a finding, not an error.
///
/// # Errors
///
/// If the file cannot be opened or read, is not a regular file, or changes while it is read.
pub fn inspect(path: &Path) -> Result<Findings, VerifyError> {
    Findings::of(path, &|| false)
}

impl Findings {
    /// As [`inspect()`], until `is_stopped` returns true.
    ///
    /// # Errors
    /// Those of [`inspect()`]; [`VerifyError::Read`] if it was stopped.
    pub fn of(path: &Path, is_stopped: &dyn Fn() -> bool) -> Result<Self, VerifyError> {
        inspect_until(path, is_stopped)
    }
}

fn inspect_until(path: &Path, is_stopped: &dyn Fn() -> bool) -> Result<Findings, VerifyError> {
    let read_failed = |source| VerifyError::Read {
        path: path.to_owned(),
        source,
    };
    let (mut file, size) = open(path)?;
    let (examined, scan) = thread::scope(|scope| {
        // Reading for the headers moves the place where a handle is read next.
        let again = (size > LARGE).then(|| open_again(&file, path)).flatten();
        let examining = again.and_then(|again| {
            let examine = move || examine(&again, size);
            thread::Builder::new().spawn_scoped(scope, examine).ok()
        });
        let scan = scan::scan(Stoppable::new(&file, is_stopped));
        let examined = examining.map(|examining| {
            examining
                .join()
                .unwrap_or_else(|panic| resume_unwind(panic))
        });
        (examined, scan)
    });
    let scan = scan.map_err(read_failed)?;
    let program = match examined {
        Some(program) => program,
        // A small file, or no thread or second handle was to be had.
        None => file.rewind().and_then(|()| examine(&file, size)),
    };
    let program = program.map_err(read_failed)?;
    if scan.size != size {
        return Err(VerifyError::Changed {
            path: path.to_owned(),
            before: size,
            after: scan.size,
        });
    }
    let whole = program
        .as_ref()
        .is_ok_and(|program| !matches!(program.packing, Some(Packing::Packed { .. })));
    let kmem = kmem::weigh(&scan.marks, whole);
    let name = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned();
    let (format, architecture, linkage, glibc, packing) = match program {
        Ok(program) => {
            let (bits, machine) = (program.bits, program.machine.name);
            let architecture = program.machine.architecture.map(str::to_owned);
            let format = Format::Elf { bits, machine };
            let (linkage, glibc) = (Some(program.linkage), program.glibc);
            (format, architecture, linkage, glibc, program.packing)
        }
        Err(format) => (format, None, None, GlibcNeeds::default(), None),
    };
    Ok(Findings {
        name,
        size,
        sha256: scan.sha256,
        format,
        architecture,
        linkage,
        glibc: glibc.highest,
        glibc_unnumbered: glibc.unnumbered,
        packing,
        kmem,
    })
}

/// Another handle of a file that was opened by this path; `None` if another file is there by now.
fn open_again(file: &File, path: &Path) -> Option<File> {
    let (again, _) = open(path).ok()?;
    let id = |file: &File| file.metadata().map(|file| (file.dev(), file.ino())).ok();
    (id(&again)? == id(file)?).then_some(again)
}

/// Reads Go's name of a program's architecture from the headers only; `None` if Go does not support it. The inner error
/// is what the file is instead of a complete program.
///
/// # Errors
///
/// If the file cannot be opened or read, or is not a regular file.
pub fn read_architecture(path: &Path) -> Result<Result<Option<&'static str>, Format>, VerifyError> {
    Ok(read_program(path)?.map(|program| program.machine.architecture))
}

/// Reads only the headers of a file. The inner error is what it is instead of a complete program.
pub(super) fn read_program(path: &Path) -> Result<Result<Program, Format>, VerifyError> {
    let (file, size) = open(path)?;
    examine(&file, size).map_err(|source| VerifyError::Read {
        path: path.to_owned(),
        source,
    })
}

fn examine(file: &File, size: u64) -> std::io::Result<Result<Program, Format>> {
    let mut head = Vec::new();
    file.take(format::HEAD as u64).read_to_end(&mut head)?;
    Ok(if head.starts_with(format::ELF_MAGIC) {
        elf::read(file, size)
    } else {
        Err(Format::NotElf {
            what: format::describe(&head).to_owned(),
        })
    })
}

/// Opens a regular file and returns its size. Opening a pipe does not wait for a writer.
fn open(path: &Path) -> Result<(File, u64), VerifyError> {
    let open_failed = |source| VerifyError::Open {
        path: path.to_owned(),
        source,
    };
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(
        rustix::fs::open(path, flags, Mode::empty()).map_err(|error| open_failed(error.into()))?,
    );
    let metadata = file.metadata().map_err(open_failed)?;
    let kind = metadata.file_type();
    let kind = if kind.is_file() {
        return Ok((file, metadata.len()));
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        "a special file"
    };
    Err(VerifyError::NotARegularFile {
        path: path.to_owned(),
        kind,
    })
}
