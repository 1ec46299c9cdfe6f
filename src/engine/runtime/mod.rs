//! Any OCI runtime on this machine (crun, runc, youki) as an engine that needs no daemon. Images are kept in the cache as
//! unpacked root file systems; a session is a container whose mounts belong to a process of its own, its keeper.

mod ahead;
mod archive;
mod cgroups;
mod configuration;
mod digest;
mod engine;
mod entry;
mod jobs;
mod keeper;
mod log;
mod mounts;
mod namespace;
mod open;
mod process;
mod program;
mod provide;
mod pull;
mod record;
mod rights;
mod session;
mod step;
mod store;
mod subordinate;
mod transfer;
mod tree;
mod unpack;
mod words;

pub use engine::{RuntimeSettings, connect_runtime};
pub use process::keep;
pub use words::KEEPER;
