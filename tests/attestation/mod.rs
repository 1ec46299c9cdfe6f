//! What is said about a release, and whether `kmembuild verify` finds whatever is not so.

mod alone;
mod changes;
mod foreign;
mod keys;
pub mod openssl;
mod package_keys;
mod problems;
pub mod release;
mod said;
mod stopping;
mod vendored;
