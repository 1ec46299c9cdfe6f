//! Packages for nodes, made of results and given to the real rpm and dpkg.

mod debs;
mod memory;
mod node;
mod power_cuts;
mod refusals;
mod repositories;
pub mod result;
mod rpms;
mod same_bytes;
mod scripts;
mod signatures;
mod tarballs;
mod versions;
