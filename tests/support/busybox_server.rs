//! A small HTTP server that containers on the engine's bridge reach, and nobody else.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use super::docker_command::docker;

/// Serves one archive as `/busybox.tar.xz`, and 404 for everything else, until the test process ends.
pub struct BusyboxServer {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl BusyboxServer {
    /// Serves an archive with the one file `bin/busybox`.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("bin");
        std::fs::create_dir(&root).expect("a folder for the archive");
        std::fs::write(root.join("busybox"), "a root file system\n").expect("a file for it");
        let archive = folder.path().join("busybox.tar.xz");
        let packed = Command::new("tar")
            .args(["-cJf".as_ref(), archive.as_os_str(), "-C".as_ref()])
            .args([folder.path().as_os_str(), "bin".as_ref()])
            .status();
        assert!(packed.expect("tar starts").success());
        let content = std::fs::read(archive).expect("the archive");

        let listener = TcpListener::bind((bridge_address(), 0)).expect("a free port");
        let address = listener.local_addr().expect("the port").to_string();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(path) = answer(&stream, &content) {
                    noted.lock().unwrap().push(path);
                }
            }
        });
        Self { address, requests }
    }

    /// URL of a path on this server; only `busybox.tar.xz` is there.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// A URL where nobody listens.
    pub fn dead_url() -> String {
        let listener = TcpListener::bind((bridge_address(), 0)).expect("a free port");
        let address = listener.local_addr().expect("the port");
        format!("http://{address}/busybox.tar.xz")
    }

    /// The paths that were asked for so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer(mut stream: &TcpStream, content: &[u8]) -> Option<String> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next()?.split_whitespace().nth(1)?.to_owned();
    // The whole request must be read, or the connection is reset under the answer.
    lines.find(String::is_empty)?;
    let (status, body) = if path == "/busybox.tar.xz" {
        ("200 OK", content)
    } else {
        ("404 Not Found", [].as_slice())
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    Some(path)
}

/// This host's address on the engine's default bridge.
fn bridge_address() -> Ipv4Addr {
    let subnet = docker(&[
        "network",
        "inspect",
        "bridge",
        "--format",
        "{{(index .IPAM.Config 0).Subnet}}",
    ]);
    let network = subnet.split('/').next().unwrap_or_default();
    let network: Ipv4Addr = network.parse().expect("the bridge's network");
    // The engine takes the first address for the host, unless it is told otherwise.
    Ipv4Addr::from(u32::from(network) + 1)
}
