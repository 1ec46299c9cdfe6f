//! A Kubernetes cluster: the only place that names its client library.
//!
//! `job` makes the Job of a piece of work and `state` says what a Job and its pods show of it; both are pure. `watch` sees all of
//! them by one watch for each kind, `follow` has the work done: it makes the Job or finds it, and waits for its end. `images` keeps
//! images in a registry, `tool` makes the one that brings this program into a pod.

mod connect;
mod engine;
mod events;
mod examine;
mod failure;
mod follow;
mod images;
mod job;
mod names;
mod state;
mod told;
mod tool;
mod watch;
mod why;

pub(super) use connect::connect_kubernetes;
