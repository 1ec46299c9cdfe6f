//! The whole binary against a scripted engine: exit codes, messages, what is left on the engine and on the disk.

mod checks;
mod container;
mod credentials;
mod dry_runs;
mod engine_faults;
mod foreign_text;
mod https;
mod images;
mod instead_of;
mod known_holes;
mod leftovers;
mod library;
mod like;
pub mod parts;
pub mod place;
mod plans;
pub mod program;
mod release_page;
mod reports;
pub mod screens;
mod script;
mod sequences;
mod steps;
mod stopping;
mod success;
mod unpinned;
pub mod upstream;
