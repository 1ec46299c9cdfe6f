//! Plans of the shipped recipes, made from facts that were read from upstream's tags and are checked in.
//!
//! Nothing here asks an engine, a network or git. The golden plans are below `tests/golden/plans`; a change of a
//! recipe that is meant changes them, too, by
//! `INSTA_UPDATE=always INSTA_FORCE_PASS=1 cargo test --test main plans::`. The facts are below `tests/fixtures/facts`;
//! `examples/read_facts.rs` reads them again when a recipe asks
//! new questions or knows a new tag.

pub mod case;
mod choices;
mod content_key;
mod dockerfiles;
mod foreign;
mod kubernetes_releases;
mod mirrors;
mod options;
mod purity;
mod refusals;
mod releases;
mod ways;
