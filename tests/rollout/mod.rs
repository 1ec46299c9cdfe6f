//! `kmembuild rollout`: what it writes, and what comes of it on nodes that are reached by real SSH servers.

mod ansible;
mod cluster;
mod controller;
mod script;
mod written;
