//! A rollout: one description of which programs go to which nodes and how carefully, and what operators carry it out with: an
//! Ansible playbook, a script that uses `ssh`, a plan for an upgrade controller. Writing it touches no node.
//!
//! All of them leave the node itself to `node.sh`. The playbooks and scripts are the same in every rollout; what a rollout
//! says is inserted at their beginning or lies beside them, quoted.

mod ansible;
mod controller;
mod description;
mod directory;
mod error;
mod nodes;
mod quoted;
mod read_nodes;
mod readme;
mod script_option;
mod selector;
mod ssh;
mod window;
mod write;

pub use description::{Amount, Drain, InvalidAmount, Nodes, Rollout};
pub use directory::{FileChange, RolloutFile};
pub use error::RolloutError;
pub use nodes::{InvalidNode, Node};
pub use read_nodes::read_nodes;
pub use script_option::{InvalidScriptOption, ScriptOption};
pub use selector::{InvalidSelector, Selector};
pub use window::{InvalidWindow, Window};
pub use write::{WrittenRollout, write_rollout};
