//! Fills the memory hierarchy with cgroups, to show the error that a pod gets when there are no more, and removes them.
//!
//! This is the only part of the tool that changes the machine that it runs on. [`fill()`] keeps the last memory cgroups of
//! the kernel, as far as the kernel counts them, and the last of the memory free, so that everything else on the machine
//! continues to work; it removes what it made before it returns, whatever happens. [`clean_up`] removes what a killed
//! process left behind.

mod error;
mod fill;
mod folder;
mod reserve;

pub use error::ExhaustError;
pub use fill::{End, Filled, check, fill};
pub use folder::{Leftover, clean_up, leftovers};
pub use reserve::RESERVE;
