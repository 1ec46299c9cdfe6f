//! Credentials for registries, from where the docker command has them.

mod error;
mod lookup;
mod program;

pub use error::CredentialsError;
pub use lookup::{Credentials, credentials_for, credentials_for_image};
