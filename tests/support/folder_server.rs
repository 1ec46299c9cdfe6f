//! A folder as a static web server has it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Serves the files of a folder on this machine until the test process ends.
pub struct FolderServer {
    address: String,
    missing: Arc<Mutex<Vec<String>>>,
}

impl FolderServer {
    /// Serves `root`.
    pub fn start(root: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the port").to_string();
        let missing = Arc::<Mutex<Vec<String>>>::default();
        let (noted, root) = (Arc::clone(&missing), root.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, root) = (Arc::clone(&noted), root.clone());
                std::thread::spawn(move || {
                    if let Some(path) = answer(&stream, &root) {
                        noted.lock().unwrap().push(path);
                    }
                });
            }
        });
        Self { address, missing }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked for and is not there.
    pub fn missing(&self) -> Vec<String> {
        self.missing.lock().unwrap().clone()
    }
}

/// Answers one request; the path, if it is not there.
fn answer(mut stream: &TcpStream, root: &Path) -> Option<String> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next()?.split_whitespace().nth(1)?.to_owned();
    lines.find(String::is_empty)?;
    // As clients write names: a tilde and a plus sign.
    let plain = path.replace("%7e", "~").replace("%7E", "~");
    let plain = plain.replace("%2b", "+").replace("%2B", "+");
    let file: PathBuf = root.join(plain.trim_start_matches('/'));
    let found = fs::read(file);
    let (status, body) = match &found {
        Ok(body) => ("200 OK", body.as_slice()),
        Err(_) => ("404 Not Found", [].as_slice()),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    found.is_err().then_some(path)
}
