//! A server that gives one and the same answer.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// It listens on a free port of 127.0.0.1 until the test process ends.
pub struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers everything with `status` (`200 OK`) and these further header lines.
    pub fn start(status: &str, headers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener
            .local_addr()
            .expect("the port's number")
            .to_string();
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let answer =
            format!("HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                // A connection without a request is one that was only tried.
                let Some(first) = lines.next() else { continue };
                let _ = lines.by_ref().take_while(|line| !line.is_empty()).count();
                seen.lock().unwrap().push(first);
                let _ = (&stream).write_all(answer.as_bytes());
            }
        });
        Self { address, requests }
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// First lines of the requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}
