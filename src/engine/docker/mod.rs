//! Docker's API over bollard; the only place that names bollard.

mod address;
mod archive;
mod build;
mod client;
mod client_settings;
mod context;
mod credential_program;
mod credentials;
mod engine;
mod exec;
mod failure;
mod images;
mod leftovers;

mod outgoing;
mod provide;
mod proxies;
mod pull;
mod session;
mod session_usage;
mod setup;
mod usage;

pub use address::Address;
pub use client_settings::ClientSettings;
pub use context::ContextChoice;
pub use engine::connect_docker;
