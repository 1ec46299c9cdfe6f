//! The recipe `kubelet` on a real engine: small trees of Kubernetes' form, and the real Kubernetes 1.20.2.
//!
//! These take long: `make test-kubelet` runs them.

mod place;
mod real;
mod script;
mod small;
