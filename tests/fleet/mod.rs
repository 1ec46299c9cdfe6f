//! Many nodes in one table.

mod documents;
mod ssh;
mod table;
