//! What becomes of the files of a result, without a build: collected, published, listed, kept in the cache.

mod cache;
mod checksums;
mod collect;
mod index;
mod place;
mod target;
