//! `kmembuild cache`: what is kept to save time, on this machine and on the engine.

pub(crate) mod list;
pub(crate) mod prune;
mod remarks;
pub(crate) mod show;
pub(crate) mod verify;
