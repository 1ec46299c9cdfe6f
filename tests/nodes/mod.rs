//! Nodes that are machines: a real kernel, systemd, dpkg and docker under QEMU's software emulation, with reboots and power
//! failures.
//!
//! These take long: `make test-nodes` runs them. The first run makes the disk of the machines and the state of one that has
//! started; both stay below `target/nodes`. Each test goes on from that state with a disk of its own.

mod disk;
mod image;
mod machine;
mod monitor;
mod packages;
mod power_cuts;
mod programs;
mod script;
mod waves;
