//! A repository of a registry.

use super::connection::Connection;
use super::peer::Peer;
use crate::events::Sink;
use crate::transport::client_settings::ClientSettings;
use crate::transport::credentials::Credentials;
use crate::transport::error::TransportError;
use crate::transport::patience::Patience;
use crate::transport::reference::RepositoryName;

/// A repository of a registry.
pub struct Registry<'a> {
    pub(super) connection: Connection<'a>,
}

impl<'a> Registry<'a> {
    pub(crate) fn new(
        name: &RepositoryName,
        settings: &ClientSettings,
        credentials: Option<Credentials>,
        writes: bool,
        patience: Patience,
        sink: &'a dyn Sink,
    ) -> Result<Self, TransportError> {
        let peer = Peer::new(name, settings, credentials, writes, patience)?;
        let connection = Connection::new(peer, sink);
        Ok(Self { connection })
    }

    /// The repository, for messages.
    pub(super) fn place(&self) -> String {
        self.connection.peer.name.to_string()
    }

    pub(super) fn not_found(&self, what: impl Into<String>) -> TransportError {
        TransportError::NotFound {
            what: what.into(),
            place: self.place(),
        }
    }
}
