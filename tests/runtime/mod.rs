//! The engine that needs no daemon: an OCI runtime, and images in the cache.

mod builds;
mod faults;
mod hostile;
mod layers;
mod ordinary;
mod place;
mod pulling;
mod repeated;
mod with_crun;
mod with_runc;
