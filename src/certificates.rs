//! TLS with the certificates that this system trusts.

use std::sync::OnceLock;

use rustls::{ClientConfig, RootCertStore};

/// A client's side of TLS: the system's certificates, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`; no certificate of its own.
/// A system without certificates can still use HTTP. They are read once.
pub fn tls() -> ClientConfig {
    static ONCE: OnceLock<ClientConfig> = OnceLock::new();
    ONCE.get_or_init(read).clone()
}

fn read() -> ClientConfig {
    // This fails if a provider is installed already, which is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut roots = RootCertStore::empty();
    // A certificate that cannot be read is not trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth()
}
