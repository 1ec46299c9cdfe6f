//! Integration tests, one module a capability.

mod architecture;
mod attestation;
mod builds;
mod commands;
mod doctor;
mod documentation;
mod engine;
mod examples;
mod execution;
mod kmem;
mod kubelet;
mod like;
mod machine;
mod messages;
mod node_script;
mod packaging;
mod plans;
mod recipes;
mod release;
mod scripted;
mod source;
mod support;
mod verify;
