//! The Docker engine behind the contract, against the real engine of this machine.

mod connecting;
mod contract;
mod files;
mod images;
mod leftovers;
mod memory;
mod podman;
mod pulling;
mod steps;
