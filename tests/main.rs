//! Integration tests, one module a capability.

mod source;
mod support;
mod verify;
