//! On a real Kubernetes cluster: `make test-cluster` runs them.

mod examples;
mod job;
mod leaves_nothing;
mod place;
mod releases;
mod works;
