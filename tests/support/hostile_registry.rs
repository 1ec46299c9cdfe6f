//! A registry that does not do what it should: a proxy in front of a real one, which decides for every request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What becomes of a request.
#[derive(Clone)]
pub enum Conduct {
    /// It reaches the registry, and its answer the client.
    Pass,
    /// It reaches the registry, but of the answer only so many bytes of the body come back before the connection ends.
    Truncate(usize),
    /// It reaches the registry, but after so many bytes of the body nothing comes any more, and the connection stays.
    Stall(usize),
    /// It reaches the registry, but the body of the answer is another one.
    Body(Vec<u8>),
    /// This status line with these headers is the answer.
    Answer(&'static str, String),
    /// The request is read to its end, and never answered.
    Silence,
    /// It reaches the registry without this header.
    Without(&'static str),
}

/// A request as a client made it.
pub struct Asked {
    /// Method.
    pub method: String,
    /// Path with its query.
    pub path: String,
    /// The lines of the head, in lower case.
    pub head: String,
    /// How many requests there were before.
    pub number: usize,
}

/// A proxy in front of a registry, until the test process ends.
pub struct HostileRegistry {
    /// Host and port.
    pub address: String,
}

impl HostileRegistry {
    /// Starts one in front of the registry at `behind`.
    pub fn start(
        behind: &str,
        conduct: impl Fn(&Asked) -> Conduct + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (conduct, behind) = (Arc::new(conduct), behind.to_owned());
        let count = Arc::<AtomicUsize>::default();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (conduct, behind) = (Arc::clone(&conduct), behind.clone());
                let count = Arc::clone(&count);
                thread::spawn(move || serve(&stream, &behind, &*conduct, &count));
            }
        });
        Self { address }
    }
}

/// One request a connection; a client that goes away early is no failure of a test.
fn serve(
    stream: &TcpStream,
    behind: &str,
    conduct: &dyn Fn(&Asked) -> Conduct,
    count: &AtomicUsize,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let head = read_head(&mut reader)?;
    let mut words = head.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let number = count.fetch_add(1, Ordering::Relaxed);
    let asked = Asked {
        method: method.clone(),
        path,
        head: head.to_lowercase(),
        number,
    };
    let conduct = conduct(&asked);
    let mut body = vec![0; length(&head).unwrap_or(0)];
    let is_chunked = asked.head.contains("transfer-encoding: chunked");
    assert!(!is_chunked, "a body of unknown length: {head}");
    reader.read_exact(&mut body).ok()?;
    let mut out = stream;
    let left_out = match conduct {
        Conduct::Answer(status, headers) => {
            let text = format!(
                "HTTP/1.1 {status}\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n"
            );
            return out.write_all(text.as_bytes()).ok();
        }
        Conduct::Silence => {
            thread::park();
            return None;
        }
        Conduct::Without(header) => Some(header),
        _ => None,
    };
    let (answer_head, mut answer) = forward(behind, &head, &body, &method, left_out)?;
    let (announced, cut, then_silence) = match conduct {
        Conduct::Truncate(at) => (answer.len(), Some(at), false),
        Conduct::Stall(at) => (answer.len(), Some(at), true),
        Conduct::Body(other) => {
            answer = other;
            (answer.len(), None, false)
        }
        _ => (answer.len(), None, false),
    };
    let mut lines: Vec<_> = answer_head
        .split("\r\n")
        .filter(|line| {
            let line = line.to_lowercase();
            !line.starts_with("connection:") && !line.starts_with("transfer-encoding:")
        })
        .map(ToOwned::to_owned)
        .collect();
    if method != "HEAD" {
        lines.retain(|line| !line.to_lowercase().starts_with("content-length:"));
        lines.push(format!("content-length: {announced}"));
    }
    lines.push("connection: close".to_owned());
    out.write_all(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes())
        .ok()?;
    let part = cut.map_or(answer.len(), |at| at.min(answer.len()));
    out.write_all(&answer[..part]).ok()?;
    out.flush().ok()?;
    if then_silence {
        thread::park();
    }
    Some(())
}

/// The head without the empty line at its end.
fn read_head(reader: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            return Some(head.trim_end().to_owned());
        }
        head += &line;
    }
}

fn length(head: &str) -> Option<usize> {
    let mut lines = head.lines();
    lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_it = name.eq_ignore_ascii_case("content-length");
        is_it.then(|| value.trim().parse().unwrap())
    })
}

/// The registry's answer: its head, and its body.
fn forward(
    behind: &str,
    head: &str,
    body: &[u8],
    method: &str,
    left_out: Option<&str>,
) -> Option<(String, Vec<u8>)> {
    let mut upstream = TcpStream::connect(behind).ok()?;
    let mut lines: Vec<_> = head
        .lines()
        .filter(|line| {
            let line = line.to_lowercase();
            !line.starts_with("connection:")
                && left_out.is_none_or(|name| !line.starts_with(&format!("{name}:")))
        })
        .collect();
    lines.push("Connection: close");
    // The client's host stays: the registry's answers lead back to this proxy.
    upstream
        .write_all(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes())
        .ok()?;
    upstream.write_all(body).ok()?;
    let mut reader = BufReader::new(upstream);
    let answer_head = read_head(&mut reader)?;
    let mut answer = Vec::new();
    if method != "HEAD" {
        if answer_head
            .to_lowercase()
            .contains("transfer-encoding: chunked")
        {
            read_chunks(&mut reader, &mut answer)?;
        } else {
            reader.read_to_end(&mut answer).ok()?;
        }
    }
    Some((answer_head, answer))
}

fn read_chunks(reader: &mut impl BufRead, answer: &mut Vec<u8>) -> Option<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let size = usize::from_str_radix(line.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        if size == 0 {
            return Some(());
        }
        answer.extend_from_slice(&chunk[..size]);
    }
}
