//! The script that replaces runc and kubelet on a node: one file for the shell of POSIX, which takes no other binaries
//! than those that it was written for.
//!
//! What it does stands in `node.sh`; what it knows of the binaries is put in front of that.

mod binary;
mod error;
mod write;

pub use binary::NodeBinary;
pub use error::NodeScriptError;
pub use write::node_script;
