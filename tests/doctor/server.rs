//! A server that gives one and the same answer.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// It listens on a free port of 127.0.0.1 until the test process ends.
pub struct Server {
    address: String,
    heads: Arc<Mutex<Vec<Vec<String>>>>,
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
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
                // A connection without a request is one that was only tried.
                if head.is_empty() {
                    continue;
                }
                seen.lock().unwrap().push(head);
                let _ = (&stream).write_all(answer.as_bytes());
            }
        });
        Self { address, heads }
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// First lines of the requests so far.
    pub fn requests(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        heads.iter().map(|head| head[0].clone()).collect()
    }

    /// What the requests so far had in this header, of those that had it.
    pub fn header(&self, name: &str) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        let lines = heads
            .iter()
            .flatten()
            .filter_map(|line| line.split_once(": "));
        let named = lines.filter(|(header, _)| header.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.to_owned()).collect()
    }
}
