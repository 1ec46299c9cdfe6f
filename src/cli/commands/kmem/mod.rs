//! `kmembuild kmem`.

pub(crate) mod exhaust;
mod hangup;
mod hierarchy;
mod measurements;
mod place;
pub(crate) mod status;
pub(crate) mod watch;
