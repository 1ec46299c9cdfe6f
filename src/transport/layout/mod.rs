//! Directories in the form of an OCI image layout.

mod blobs;
mod directory;
mod index;

pub(super) use directory::Layout;
