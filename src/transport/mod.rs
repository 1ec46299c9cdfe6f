//! Artifacts of registries and of OCI image layouts on disk: named by content, streamed, checked, resumed.
//!
//! To pull an image: parse its name ([`Reference::of_image`]), open its place ([`Transport::open`]), choose the manifest of a
//! platform ([`Repository::manifest_for`]), read the configuration ([`Repository::fetch_bytes`]) and stream each layer into
//! whatever unpacks it ([`Repository::fetch`]), which checks size and digest. To publish: put the blobs ([`Repository::put`]),
//! then the documents ([`Repository::put_document`]), with the tag last.
//!
//! What happens is reported to the sink that a place was opened with: transfers, and that a registry is asked again.

mod blob;
mod cache_reference;
mod checking;
mod client_settings;
mod credentials;
mod digest;
mod document;
mod dry_run;
mod error;
mod layout;
mod limits;
mod open;
mod patience;
mod reference;
mod reference_grammar;
mod registry;
mod repository;

pub use blob::BlobSource;
pub use cache_reference::CacheReference;
pub use client_settings::ClientSettings;
pub use credentials::{Credentials, CredentialsError, credentials_for, credentials_for_image};
pub use digest::Digest;
pub use document::{
    CONFIG_TYPE, Content, DOCKER_INDEX_TYPE, DOCKER_MANIFEST_TYPE, Descriptor, Document, EMPTY,
    EMPTY_TYPE, INDEX_TYPE, Index, MANIFEST_TYPE, Manifest, Platform, REF_NAME, TITLE,
};
pub use error::TransportError;
pub use open::{Access, Transport};
pub use patience::Patience;
pub use reference::{ArtifactName, Place, Reference, ReferenceError, RepositoryName, Scheme};
pub use repository::Repository;
