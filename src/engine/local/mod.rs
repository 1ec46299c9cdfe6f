//! The container that the tool itself runs in, as an engine: steps are child processes in this very file system.

mod directories;
mod engine;
mod kills;
mod namespace;
mod processes;
mod record;
mod session;
mod step;
mod supervisor;
mod transfer;

pub use engine::{HeldContainer, LocalSettings, THIS_CONTAINER, connect_local};
pub use supervisor::{SUPERVISOR, supervise};
