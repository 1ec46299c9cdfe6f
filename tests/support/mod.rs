//! What several capabilities' tests stand on.

pub mod archive;
pub mod command;
pub mod debian_image;
pub mod docker_command;
pub mod git_server;
pub mod golden;
pub mod recorder;
pub mod registry;
pub mod scratch;
pub mod scripted_engine;
