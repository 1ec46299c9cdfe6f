//! What needs root and the parts of this machine: its cgroups, its file systems, its engine.

mod fleet;
mod node;
mod node_script;
mod page;
mod pictures;
mod release_page;
mod reproduce;
mod status;
mod trial;
