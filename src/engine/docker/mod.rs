//! Docker's API over bollard; the only place that names bollard.

mod address;
mod archive;
mod build;
mod client;
mod credentials;
mod engine;
mod exec;
mod failure;
mod images;
mod lines;
mod outgoing;
mod owned;
mod pull;
mod session;
mod setup;
mod usage;

pub use address::Address;
pub use engine::DockerEngine;
