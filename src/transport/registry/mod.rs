//! Registries, spoken to as the OCI distribution specification has it.
//!
//! On reqwest itself and not on `oci-client` (0.18): that reads answers whole and without a limit, hides the headers of an error
//! and with them when to try again, knows no identity tokens, and takes neither a TLS configuration nor a choice of proxies.

mod answer;
mod authorization;
mod connection;
mod download;
mod manifests;
mod peer;
mod referrers;
mod repository;
mod stall;
mod upload;

pub(super) use repository::Registry;
