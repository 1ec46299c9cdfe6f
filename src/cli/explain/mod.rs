//! Where errors become failures: the exit code of each, and the one table of what a user can do about it.
//!
//! An error states a fact and knows no command line. What helps, and which option does it, is said here and nowhere else; the
//! matches are exhaustive, so that a new error has to be thought about.

mod advice;
mod bundle;
mod cluster;
mod distribution;
mod orders;
mod stages;
mod transport;

pub(crate) use advice::{explain, interrupted};
