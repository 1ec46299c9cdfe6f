//! Judging programs: by what is in them, and by what they do.

mod binaries;
mod floor;
mod glibc_version;
mod hostile;
mod isolation;
mod other_files;
mod packed;
mod trace;
mod versions;
