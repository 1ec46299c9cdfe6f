//! `kmembuild kmem`.

pub(crate) mod exhaust;
mod hangup;
pub(super) mod hierarchy;
mod measurements;
mod place;
pub(crate) mod status;
pub(crate) mod watch;
