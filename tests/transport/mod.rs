//! Registries and layouts: what is put there comes back, and nothing else does.

mod authorization;
pub mod content;
mod hostile;
mod killed;
mod node_image;
mod others;
mod released;
mod results;

pub use others::oras;
