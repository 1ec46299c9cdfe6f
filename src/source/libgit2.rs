//! The library behind everything here.

/// Initialises libgit2, which takes a few milliseconds. Everything that needs it does so as well; but git2 then sets
/// environment variables, which is sound only while no other thread reads them.
pub fn make_ready() {
    // Every object of git2 initialises libgit2. An empty configuration is the cheapest one.
    let _ = git2::Config::new();
}
