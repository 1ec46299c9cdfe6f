//! Reading what programs say of themselves.

pub mod forms;
mod programs;
mod target;
mod versions;
mod wrong;
