//! Any OCI runtime on this machine (crun, runc, youki) as an engine that needs no daemon. Images are kept in the cache as
//! unpacked root file systems; a session is a container whose mounts belong to a process of its own, its keeper.

mod archive;
mod cgroups;
mod configuration;
mod engine;
mod entry;
mod keeper;
mod program;
mod provide;
mod pull;
mod record;
mod session;
mod step;
mod store;
mod transfer;
mod tree;
mod unpack;

pub use engine::{RuntimeSettings, connect_runtime};
pub use keeper::{KEEPER, keep};
