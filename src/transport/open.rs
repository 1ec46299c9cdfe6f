//! How a place of artifacts is reached.

use super::client_settings::ClientSettings;
use super::credentials::credentials_for;
use super::dry_run::DryRun;
use super::error::TransportError;
use super::layout::Layout;
use super::patience::Patience;
use super::reference::Place;
use super::registry::Registry;
use super::repository::{Kind, Repository};
use crate::events::Sink;

/// What is done with a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only read.
    Read,
    /// Read and written.
    Write,
    /// Read, with the rights to write, and written to as if: what is put is found again in this [`Repository`], and is nowhere
    /// else.
    DryRun,
}

/// How places are reached.
#[derive(Debug, Clone, Default)]
pub struct Transport {
    /// Credentials and proxies.
    pub settings: ClientSettings,
    /// How long registries are waited for.
    pub patience: Patience,
}

impl Place {
    /// Whether it is a directory that is not there yet, or has nothing yet: reading it finds nothing, and writing makes a layout
    /// of it.
    pub fn is_to_be_made(&self) -> bool {
        match self {
            Self::Layout(path) => Layout::is_to_be_made(path),
            Self::Repository(_) => false,
        }
    }
}

impl Transport {
    /// Opens a place. Credentials are those that the docker command would use; what happens is reported to `sink`.
    ///
    /// # Errors
    /// [`TransportError::Credentials`], [`TransportError::Client`], [`TransportError::NotALayout`] and those of the file system.
    /// Whether a registry answers is not known yet.
    pub async fn open<'a>(
        &self,
        place: &Place,
        access: Access,
        sink: &'a dyn Sink,
    ) -> Result<Repository<'a>, TransportError> {
        self.open_told(place, access, sink, sink).await
    }

    /// As [`Transport::open`]; of the credentials `told` is told, of everything later `sink`: a place that is used for many
    /// things has no one to tell of all of them.
    ///
    /// # Errors
    /// As [`Transport::open`].
    pub async fn open_told<'a>(
        &self,
        place: &Place,
        access: Access,
        told: &dyn Sink,
        sink: &'a dyn Sink,
    ) -> Result<Repository<'a>, TransportError> {
        let is_dry_run = access == Access::DryRun;
        let kind = match place {
            Place::Layout(path) if is_dry_run && Layout::is_to_be_made(path) => Kind::Nothing,
            Place::Layout(path) => Kind::Layout(Layout::open(path, access == Access::Write, sink)?),
            Place::Repository(name) => {
                let credentials = credentials_for(&self.settings, &name.registry, told).await?;
                let (settings, patience) = (&self.settings, self.patience);
                // Also a dry run asks for the rights to write: whether the user has them is part of its answer.
                let writes = access != Access::Read;
                let registry = Registry::new(name, settings, credentials, writes, patience, sink)?;
                Kind::Registry(Box::new(registry))
            }
        };
        Ok(Repository {
            place: place.clone(),
            kind,
            dry_run: is_dry_run.then(DryRun::default),
        })
    }
}
