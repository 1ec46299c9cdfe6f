//! The doctor: engines that do not answer, places that are dead or slow, kernels of many kinds.

mod engine;
mod node;
mod places;
mod server;
