//! `kmembuild kmem`.

pub(crate) mod exhaust;
mod measurements;
mod place;
pub(crate) mod status;
pub(crate) mod watch;
