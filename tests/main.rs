//! Integration tests, one module a capability.

mod attestation;
mod builds;
mod commands;
mod engine;
mod kubelet;
mod like;
mod plans;
mod recipes;
mod release;
mod scripted;
mod source;
mod support;
mod verify;
