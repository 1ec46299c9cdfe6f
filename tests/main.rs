//! Integration tests, one module a capability.

mod builds;
mod commands;
mod engine;
mod source;
mod support;
mod verify;
