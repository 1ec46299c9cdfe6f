//! `kmembuild kmem`.

mod conclude;
pub(crate) mod exhaust;
mod hangup;
pub(super) mod hierarchy;
mod keys;
mod labels;
mod measurements;
mod place;
pub(crate) mod report;
mod schedule;
pub(crate) mod status;
mod textfile;
pub(crate) mod watch;
