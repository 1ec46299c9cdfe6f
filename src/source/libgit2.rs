//! The library behind everything here.

use std::io;
use std::thread;

/// Initialises libgit2 on a thread of its own: it reads every certificate that the system trusts, which takes OpenSSL tens of
/// milliseconds. What needs libgit2 before that is done waits for it.
///
/// # Errors
/// When the thread cannot be started.
pub fn make_ready() -> io::Result<()> {
    // git2 would do this as well, but on whatever thread comes first: setting environment variables is sound only while no
    // other thread reads them. Where they are set already, it leaves them alone.
    #[expect(deprecated, reason = "what replaces it is an unsafe function")]
    openssl_probe::init_ssl_cert_env_vars();
    // Every object of git2 initialises libgit2. An empty configuration is the cheapest one.
    let initialise = || drop(git2::Config::new());
    thread::Builder::new()
        .name("libgit2".to_owned())
        .spawn(initialise)
        .map(drop)
}
