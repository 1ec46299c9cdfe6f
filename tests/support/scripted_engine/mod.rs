//! A container engine that is only played: a real HTTP server that speaks as much of Docker's API as the tool uses,
//! runs nothing and does what its script says.

mod answer;
mod http;
mod images;
mod script;
mod server;
mod state;
mod steps;

pub use script::{Ending, Pull, Refusal, Script, Step};
pub use server::ScriptedEngine;
