//! Fills the memory hierarchy with cgroups of its own, to show what a pod gets once there is no room, and removes them.
//!
//! The only part of the tool that changes the machine that it runs on. [`fill()`] keeps away from the last of the numbers
//! that a kernel has for memory cgroups, as far as the kernel counts them, and from the last of its memory, so that
//! everything else on the machine goes on; it removes what it made before it returns, whatever happens. What a killed
//! process left, [`clean_up`] removes.

mod error;
mod fill;
mod folder;
mod reserve;

pub use error::ExhaustError;
pub use fill::{End, Filled, fill};
pub use folder::{Leftover, clean_up};
pub use reserve::RESERVE;
