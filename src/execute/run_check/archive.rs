//! The archive that is unpacked in the container.

use std::fs::File;
use std::io::{self, Seek as _};
use std::path::Path;

use futures_util::StreamExt;
use tokio_util::io::ReaderStream;

use super::place::DIRECTORY;
use crate::engine::ByteStream;

/// Mode of the program: every user may run it.
const PROGRAM_MODE: u32 = 0o755;

/// An archive of [`DIRECTORY`], to be unpacked at the root.
pub(super) struct Archive(tar::Builder<File>);

impl Archive {
    /// An archive with the program at `file`, as `program`.
    pub(super) fn with_program(file: &Path) -> io::Result<Self> {
        let mut archive = tar::Builder::new(tempfile::tempfile()?);
        let mut program = File::open(file)?;
        let mut header = tar::Header::new_gnu();
        header.set_mode(PROGRAM_MODE);
        header.set_size(program.metadata()?.len());
        archive.append_data(&mut header, format!("{DIRECTORY}/program"), &mut program)?;
        Ok(Self(archive))
    }

    /// Adds an empty directory.
    pub(super) fn directory(&mut self, name: &str) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o755);
        header.set_size(0);
        let name = format!("{DIRECTORY}/{name}");
        self.0.append_data(&mut header, name, io::empty())
    }

    /// Adds a file.
    pub(super) fn file(&mut self, name: &str, text: &str) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        let name = format!("{DIRECTORY}/{name}");
        self.0.append_data(&mut header, name, text.as_bytes())
    }

    /// Its bytes.
    pub(super) fn into_stream(self) -> io::Result<ByteStream> {
        let mut packed = self.0.into_inner()?;
        packed.rewind()?;
        Ok(ReaderStream::new(tokio::fs::File::from_std(packed)).boxed())
    }
}
