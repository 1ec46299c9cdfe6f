//! Many nodes in one table.

pub mod documents;
mod ssh;
mod table;
