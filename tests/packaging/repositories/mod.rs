//! Repositories, held against what others make of the same packages, and used by the real clients over HTTP.

mod agreement;
mod apt_clients;
mod shelf;
mod state;
mod yum_clients;
