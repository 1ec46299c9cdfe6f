//! TLS in front of a server of plain HTTP, with a certificate that no system trusts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Under this name OpenSSL looks for the certificate in a folder; `openssl x509 -hash` tells it.
pub const HASHED_NAME: &str = "8ab9b85e.0";

/// It goes on a free port of 127.0.0.1 until it is dropped.
pub struct HttpsFront {
    /// Its address.
    pub address: SocketAddr,
    _runtime: Runtime,
}

/// The server's certificate. It was made for 127.0.0.1, the years 2020 to 2119 and nothing else, by `openssl ca
/// -selfsign`; its key lies beside it and is no secret.
pub fn certificate() -> PathBuf {
    fixture("server.pem")
}

/// Its key.
pub fn key() -> PathBuf {
    fixture("server.key")
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/https")
        .join(name)
}

impl HttpsFront {
    /// Hands on what comes to the server at `behind`.
    pub fn start(behind: SocketAddr) -> Self {
        let certificate = CertificateDer::from_pem_file(certificate()).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(key()).expect("a key");
        let configuration = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a certificate with its key");
        let acceptor = TlsAcceptor::from(Arc::new(configuration));
        let runtime = Runtime::new().expect("a runtime starts");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("the port's number");
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that does not trust the certificate goes away here.
                    if let Ok(mut outside) = acceptor.accept(stream).await
                        && let Ok(mut inside) = TcpStream::connect(behind).await
                    {
                        let _ = copy_bidirectional(&mut outside, &mut inside).await;
                    }
                });
            }
        });
        Self {
            address,
            _runtime: runtime,
        }
    }
}
