//! Runs a runc in a container of its own on the engine, with a memory limit and under strace, to see what it writes.

mod bundle;
mod error;
mod image;
mod try_out;

pub use error::{Refusal, TrialError};
pub use try_out::{Trial, try_out};
