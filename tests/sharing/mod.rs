//! Shared caches: results that one machine builds and others take.

mod hostile;
mod killed;
mod machine;
mod parts;
mod taking;
