//! Bundles for closed networks: their form, what is refused of them, and releases that are made of them where nobody answers.

mod closed;
pub mod form;
mod hostile;
mod place;
mod screens;
mod trouble;

pub use place::{ClosedPlace, OpenPlace, entries, tool};
