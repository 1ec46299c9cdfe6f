//! kmembuild builds runc and kubelet without cgroup kernel-memory accounting, and proves it in the binaries.
//!
//! One road leads through the crate; each arrow is one function, and each stop a type of its own:
//!
//! ```text
//! argv + environment   environment, cli
//!   -> Release         release (the file that names many targets), lockfile (what their inputs must be)
//!   -> Recipe          recipe (the YAML format), library (the shipped ones, the user's, their patches)
//!   -> Like            like: what a node has, where the user names that instead of a tag
//!   -> Facts           facts, read from source (git) and engine (the container engine)
//!   -> Plan            plan: make_plan is pure; nothing is left to choose after it
//!   -> Built           execute: lowers the plan onto the engine
//!   -> Manifest        artifacts: collects, publishes in one step
//!   -> Verdict         verify: what the checks found in the files
//!   -> Statement       attestation: SBOM, provenance, signature; and whether a release is as they say
//!   -> packages        packaging: what a node's package manager installs, made of a published result
//!   -> script          node_script: what replaces the binaries on a node, for a shell
//!   -> Reproduction    compare: where a result and the same built again differ
//!   -> Report          report: what a person or a script reads
//! ```
//!
//! `cli/commands/prepare.rs` walks that road up to the plan, `produce` from there on, or takes the result out of the
//! cache; `build.rs` does so for one target, `release/` for many. Stages tell what goes on by [`events`] and never print.
//! Beside the road stand [`host`], which reads what a machine is like and reaches, whether it can build and whether it
//! leaks, and [`exhaust`], which shows what the leak does.

pub mod advice;
pub mod artifacts;
pub mod attestation;
pub mod build;
pub mod certificates;
pub mod checksum;
pub mod cli;
pub mod compare;
pub mod configuration;
pub mod engine;
pub mod environment;
pub mod events;
pub mod execute;
pub mod exhaust;
pub mod facts;
pub mod failure;
pub mod host;
pub mod library;
pub mod like;
pub mod lockfile;
pub mod node_script;
pub mod packaging;
pub mod plan;
pub mod recipe;
pub mod release;
pub mod report;
pub mod reproduce;
pub mod source;
pub mod turn;
pub mod verify;

use tokio_util::sync::CancellationToken;

use environment::Environment;
use failure::{Failure, FailureKind};

/// Runs the command line in `environment` until it is done, fails or `cancel` is cancelled.
///
/// # Errors
/// The [`Failure`] to show and to exit with.
pub async fn run(environment: &Environment, cancel: &CancellationToken) -> Result<(), Failure> {
    match cli::parse(&environment.arguments) {
        Ok(cli) => cli::dispatch(cli, environment, cancel).await,
        Err(error) => cli::usage(&error, environment.output_terminal),
    }
}

/// The failure of a process that could not even find out where it is.
pub fn no_environment(reason: String) -> Failure {
    Failure::new(FailureKind::Usage, reason)
}
