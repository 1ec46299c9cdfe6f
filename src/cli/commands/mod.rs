//! One file for each command: it turns arguments into an order, has it carried out, and prints what came of it.

pub(super) mod build;
pub(super) mod cache;
pub(super) mod clean;
pub(super) mod complete;
pub(super) mod completions;
pub(super) mod doctor;
pub(super) mod fleet;
mod glibc_floor;
pub(super) mod kmem;
pub(super) mod lock;
pub(super) mod man;
pub(super) mod node;
pub(super) mod node_script;
pub(super) mod plan;
pub(super) mod public_key;
pub(super) mod pull;
pub(super) mod push;
pub(super) mod recipes;
pub(super) mod release;
mod release_ci;
mod release_summary;
pub(super) mod reproduce;
mod transfer;
pub(super) mod verify;
