//! Docker's API over bollard; the only place that names bollard.

mod address;
mod archive;
mod build;
mod client;
mod context;
mod engine;
mod exec;
mod failure;
mod images;
mod leftovers;
mod outgoing;
mod provide;
mod proxies;
mod pull;
mod root_archive;
mod scratch;
mod session;
mod session_usage;
mod setup;
mod usage;

pub use address::Address;
pub use context::ContextChoice;
pub use engine::connect_docker;
