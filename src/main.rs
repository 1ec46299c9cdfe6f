//! The command `kmembuild`.
fn main() {}
