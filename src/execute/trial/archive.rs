//! What is unpacked in a trial's container.

use std::fs::File;
use std::io::{self, Seek as _};
use std::path::Path;

use futures_util::StreamExt;
use tokio_util::io::ReaderStream;

use super::FOLDER;
use crate::engine::ByteStream;

/// Every user may run the program.
const PROGRAM_MODE: u32 = 0o755;

/// An archive, to be unpacked at the root, of [`FOLDER`].
pub(super) struct Archive(tar::Builder<File>);

impl Archive {
    /// One with the program at `file`, as `program`.
    pub(super) fn with_program(file: &Path) -> io::Result<Self> {
        let mut archive = tar::Builder::new(tempfile::tempfile()?);
        let mut program = File::open(file)?;
        let mut header = tar::Header::new_gnu();
        header.set_mode(PROGRAM_MODE);
        header.set_size(program.metadata()?.len());
        archive.append_data(&mut header, format!("{FOLDER}/program"), &mut program)?;
        Ok(Self(archive))
    }

    /// Adds an empty folder.
    pub(super) fn folder(&mut self, name: &str) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o755);
        header.set_size(0);
        let name = format!("{FOLDER}/{name}");
        self.0.append_data(&mut header, name, io::empty())
    }

    /// Adds a file.
    pub(super) fn file(&mut self, name: &str, text: &str) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        let name = format!("{FOLDER}/{name}");
        self.0.append_data(&mut header, name, text.as_bytes())
    }

    /// Its bytes.
    pub(super) fn into_stream(self) -> io::Result<ByteStream> {
        let mut packed = self.0.into_inner()?;
        packed.rewind()?;
        Ok(ReaderStream::new(tokio::fs::File::from_std(packed)).boxed())
    }
}
