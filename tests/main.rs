//! Integration tests, one module a capability.

mod engine;
mod source;
mod support;
mod verify;
