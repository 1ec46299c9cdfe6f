//! kmembuild builds runc and kubelet without cgroup kernel-memory accounting, and proves it in the binaries.
//!
//! One road leads through the crate, and [`build::run()`] is that road; each stop is a type of its own:
//!
//! ```text
//! BuildOrder     build: what to build, from where, how, and where to put it
//!   -> Recipe    recipe (the YAML format), library (the shipped ones, the user's, their patches)
//!   -> Facts     facts, read from source (git) and engine (the container engine)
//!   -> Plan      plan: make_plan is pure; nothing is left to choose after it
//!   -> Built     execute: lowers the plan onto the engine
//!   -> Manifest  artifacts: collects, publishes in one step, keeps
//!   -> Verdict   verify: what the checks found in the files
//!   -> Report    report: what a person or a script reads
//! ```
//!
//! An order is made from a command line (`cli`), from a line of a release file ([`release`]: many orders, locked, signed,
//! published together) or from a published manifest ([`reproduce`]: the same again, compared). [`like`] finds the version
//! that a node has; [`attestation`] says where a result comes from and checks what others say; [`delivery`] brings it to
//! the nodes, [`transport`] moves content to and from registries. Stages report what they do as [`events`] and never print, and fail with errors of their own;
//! `cli/explain` alone knows what a user can do about them. [`host`] reads what a machine is like, whether it can build
//! and whether it leaks, [`fleet`] compares many machines, and [`exhaust`] shows what the leak does.
//!
//! A room imports only from rooms below it; `tests/architecture.rs` has the order and holds it.

pub mod advice;
pub mod artifacts;
pub mod attestation;
pub mod build;
pub mod bundle;
pub mod certificates;
pub mod checksum;
pub mod cli;
pub mod clock;
pub mod compare;
pub mod configuration;
pub mod delivery;
pub mod engine;
pub mod environment;
pub mod events;
pub mod execute;
pub mod exhaust;
pub mod facts;
pub mod failure;
pub mod file_lock;
pub mod fleet;
pub mod harmless;
pub mod host;
pub mod inside;
pub mod library;
pub mod like;
pub mod lockfile;
pub mod number_of;
pub mod plan;
pub mod private_directory;
pub mod process_limits;
pub mod recipe;
pub mod regular_file;
pub mod release;
pub mod report;
pub mod reproduce;
pub mod source;
pub mod transport;
pub mod verify;

use failure::{Failure, FailureKind};
use process_limits::LimitError;

/// The failure of a process that could not even find out where it is.
pub fn no_environment(reason: String) -> Failure {
    Failure::new(FailureKind::Usage, reason)
}

/// The failure of a process that the system does not let have what it needs.
pub fn below_limits(error: &LimitError) -> Failure {
    Failure::of(FailureKind::Unfit, error).hint(error.remedy())
}

#[cfg(test)]
#[path = "../tests/mutation/generator.rs"]
mod mutation;
