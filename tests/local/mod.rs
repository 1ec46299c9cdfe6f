//! The engine without an engine: steps are child processes in this very file system.

mod builds;
mod place;
mod sessions;
mod stopping;
