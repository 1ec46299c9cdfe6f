//! Reading what programs say of themselves.

pub mod forms;
mod programs;
mod reports;
mod target;
mod versions;
mod wrong;
