//! Upstream source: a real git server, real repositories, real archives.

mod archive;
mod beyond_libgit2;
mod extent;
mod fetch;
mod locations;
mod patch;
mod pins;
mod upstream;
