//! `kmembuild kmem` on hierarchies of plain files: what needs no rights.

mod hierarchies;
mod kinds;
mod report;
mod status;
mod watch;
