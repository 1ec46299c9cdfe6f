//! The doctor: engines that do not answer or are set up badly, places that are dead or slow, kernels of many kinds.

mod case;
mod engine;
mod lines;
mod node;
mod places;
mod routes;
mod runtimes;
mod server;
pub(crate) mod setup;
mod told_engine;
mod verdict;
