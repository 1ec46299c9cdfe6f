//! `kmembuild kmem` on hierarchies of plain files: what needs no rights.

mod status;
mod watch;
