//! Resolves a host name, and connects to the address that answers first.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpStream, lookup_host};

use super::probe::ProbeError;

/// How long to wait for one address before trying the next in parallel; about what browsers do (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(300);

/// The addresses of `host`. An IPv6 address may be in brackets, as in a URL.
pub(super) async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, ProbeError> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match lookup_host((host, port)).await {
        Ok(addresses) => Ok(addresses.collect()),
        Err(source) => Err(ProbeError::Resolve {
            host: host.to_owned(),
            source,
        }),
    }
}

/// The first of `addresses` (those of `host`) that accepts a connection. A silent address does not delay the others for
/// long: a host is up if any of its addresses answers.
pub(super) async fn connect(
    host: &str,
    addresses: &[SocketAddr],
) -> Result<SocketAddr, ProbeError> {
    let mut untried = addresses.iter().copied();
    let mut attempts = FuturesUnordered::new();
    let mut failure = None;
    loop {
        if let Some(address) = untried.next() {
            attempts.push(async move { TcpStream::connect(address).await.map(|_| address) });
        }
        tokio::select! {
            Some(outcome) = attempts.next() => match outcome {
                Ok(address) => return Ok(address),
                Err(error) => failure = failure.or(Some(error)),
            },
            () = tokio::time::sleep(HEAD_START), if untried.len() > 0 => {}
            else => break,
        }
    }
    Err(ProbeError::Connect {
        host: host.to_owned(),
        port: addresses.first().map_or(0, SocketAddr::port),
        source: failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()),
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream as Stream;
    use std::time::Instant;

    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    async fn listening() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[tokio::test]
    async fn a_silent_or_closed_address_does_not_hide_one_that_answers() {
        // The kernel answers nobody for a listener whose queue, of one, is full.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let full = socket.listen(0).unwrap();
        let silent = full.local_addr().unwrap();
        let _first = Stream::connect(silent).unwrap();
        let (_listener, good) = listening().await;
        let (gone, closed) = listening().await;
        drop(gone);

        let started = Instant::now();
        // The first attempt also ends first, and by then another address was tried.
        let until_given_up = tokio::spawn(TcpStream::connect(silent));
        tokio::task::yield_now().await;
        let connected = connect("many", &[silent, closed, good]).await;
        assert_eq!(connected.unwrap(), good);
        assert!(started.elapsed() >= HEAD_START, "the first is not silent");
        assert!(!until_given_up.is_finished());

        let failed = connect("one", &[closed]).await.unwrap_err();
        assert!(
            failed
                .to_string()
                .starts_with("could not connect to one port "),
            "{failed}"
        );
    }

    #[tokio::test]
    async fn addresses_of_ipv6_may_be_in_brackets() {
        let addresses = resolve("[::1]", 80).await.unwrap();
        assert_eq!(addresses, ["[::1]:80".parse().unwrap()]);
    }
}
