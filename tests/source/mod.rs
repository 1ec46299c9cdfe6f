//! Upstream source: a real git server, real repositories, real archives.

mod archive;
mod extent;
mod fetch;
mod locations;
mod patch;
mod pins;
mod upstream;
