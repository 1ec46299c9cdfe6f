//! What several capabilities' tests need.

pub mod git_server;
