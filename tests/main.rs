//! Integration tests, one module a capability.

mod engine;
mod support;
