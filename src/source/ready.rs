//! What has to be done while the process has one thread only.

/// Makes libgit2 ready, which takes some milliseconds. Whatever needs it does so as well; but git2 sets variables of
/// the environment then, which is sound only while there is no other thread that reads them.
pub fn make_ready() {
    // Every object of git2's makes libgit2 ready. An empty configuration is the cheapest of them.
    let _ = git2::Config::new();
}
