//! The script that replaces runc and kubelet on a node: one file for a POSIX shell, which accepts only the binaries that it
//! was written for.
//!
//! `node.sh` is the same in every script; the facts about the binaries are inserted at its beginning.

mod binary;
mod error;
mod write;

pub use binary::NodeBinary;
pub use error::NodeScriptError;
pub use write::node_script;
