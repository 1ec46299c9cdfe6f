//! A real git server: `git http-backend` behind a small HTTP server on 127.0.0.1, and servers that misbehave.

use super::preflight::installed;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::iter;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};

/// What a server does with a connection.
#[derive(Debug, Clone)]
enum Behaviour {
    /// Serves the bare repositories in a folder.
    Serve { folder: PathBuf },
    /// The same, but stops for ever after so many bytes of pack answers.
    StallAfter { folder: PathBuf, bytes: usize },
    /// Answers 404 to everything.
    NotFound,
    /// Takes connections and never answers.
    Stalled,
    /// Sends a list of references without end.
    Endless,
    /// Answers 404 when each of several servers was asked.
    Together(Arc<Barrier>),
}

#[derive(Default)]
struct Shared {
    stopped: AtomicBool,
    requests: Mutex<Vec<String>>,
    /// There is a further request.
    asked: Condvar,
    connections: Mutex<Vec<TcpStream>>,
}

/// A server on a free port of 127.0.0.1, until it is stopped or dropped.
pub struct GitServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl GitServer {
    /// Serves the bare repositories in `folder` for reading.
    pub fn start(folder: &Path) -> Self {
        let folder = folder.to_owned();
        Self::spawn(Behaviour::Serve { folder })
    }

    /// Serves the list of references, then `bytes` bytes of the pack, then nothing more, connection open.
    pub fn stalling_after(folder: &Path, bytes: usize) -> Self {
        let folder = folder.to_owned();
        Self::spawn(Behaviour::StallAfter { folder, bytes })
    }

    /// Answers 404 to everything.
    pub fn not_found() -> Self {
        Self::spawn(Behaviour::NotFound)
    }

    /// Takes connections and never answers.
    pub fn stalled() -> Self {
        Self::spawn(Behaviour::Stalled)
    }

    /// Sends a list of references without end.
    pub fn endless() -> Self {
        Self::spawn(Behaviour::Endless)
    }

    /// Servers of which none answers before all of them were asked; then they answer 404.
    pub fn together(count: usize) -> Vec<Self> {
        let barrier = Arc::new(Barrier::new(count));
        let behaviours = iter::repeat_n(Behaviour::Together(barrier), count);
        behaviours.map(Self::spawn).collect()
    }

    /// URL of a repository of the folder, e.g. `upstream.git`.
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far, e.g. `GET /upstream.git/info/refs?service=git-upload-pack`.
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Waits for the first request.
    pub fn until_asked(&self) {
        let requests = self.shared.requests.lock().unwrap();
        let none = |requests: &mut Vec<String>| requests.is_empty();
        drop(self.shared.asked.wait_while(requests, none).unwrap());
    }

    /// Stops: connections end, new ones are refused.
    pub fn stop(&self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for connection in self.shared.connections.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        // Wakes the accepting thread, which then closes the port.
        let _ = TcpStream::connect(self.address);
        while TcpStream::connect(self.address).is_ok() {
            std::thread::yield_now();
        }
    }

    fn spawn(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the port's number");
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if accepting.stopped.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(copy) = stream.try_clone() {
                    accepting.connections.lock().unwrap().push(copy);
                }
                let (shared, behaviour) = (Arc::clone(&accepting), behaviour.clone());
                std::thread::spawn(move || {
                    let _ = serve(&stream, &behaviour, &shared);
                    let _ = stream.shutdown(Shutdown::Both);
                });
            }
        });
        Self { address, shared }
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        if !self.shared.stopped.load(Ordering::SeqCst) {
            self.stop();
        }
    }
}

/// A request's head and body.
struct Request {
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// Serves one connection to its end.
fn serve(stream: &TcpStream, behaviour: &Behaviour, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream.try_clone()?;
    while let Some(request) = read_request(&mut reader, &mut writer)? {
        let line = format!("{} {}", request.method, request.target);
        shared.requests.lock().unwrap().push(line);
        shared.asked.notify_all();
        match behaviour {
            Behaviour::Serve { folder } => backend(folder, &request, &mut writer, None)?,
            Behaviour::StallAfter { folder, bytes } => {
                let pack = request.method == "POST";
                backend(folder, &request, &mut writer, pack.then_some(*bytes))?;
            }
            Behaviour::NotFound => writer.write_all(NOT_FOUND)?,
            Behaviour::Endless => return list_for_ever(&mut writer),
            Behaviour::Together(all) => {
                all.wait();
                writer.write_all(NOT_FOUND)?;
            }
            // Waits until the other side or the test ends it.
            Behaviour::Stalled => return wait_for_end(&mut reader),
        }
    }
    Ok(())
}

const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

/// Sends one reference after the other until the other side has enough.
fn list_for_ever(writer: &mut impl Write) -> io::Result<()> {
    writer.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\
          Transfer-Encoding: chunked\r\n\r\n22\r\n001e# service=git-upload-pack\n0000\r\n",
    )?;
    let id = "1234567890".repeat(4);
    let name = "n".repeat(50_000);
    for number in 0.. {
        let features = if number == 0 { "\0shallow" } else { "" };
        let line = format!("{id} refs/tags/{name}{number}{features}\n");
        let size = line.len() + 4;
        write!(writer, "{size:x}\r\n{size:04x}{line}\r\n")?;
    }
    Ok(())
}

fn wait_for_end(reader: &mut impl Read) -> io::Result<()> {
    io::copy(reader, &mut io::sink()).map(|_| ())
}

fn read_request(reader: &mut impl BufRead, writer: &mut impl Write) -> io::Result<Option<Request>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut words = first.split_whitespace().map(str::to_owned);
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    if headers.contains_key("expect") {
        writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut body = Vec::new();
    if let Some(length) = headers.get("content-length") {
        let length = length.parse().map_err(io::Error::other)?;
        reader.take(length).read_to_end(&mut body)?;
    } else if headers.contains_key("transfer-encoding") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size)?;
            let size = u64::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
            reader.take(size).read_to_end(&mut body)?;
            reader.read_line(&mut String::new())?;
            if size == 0 {
                break;
            }
        }
    }
    Ok(Some(Request {
        method,
        target,
        headers,
        body,
    }))
}

/// Lets `git http-backend` answer, and hands its answer on in chunks; for ever silent after `limit` bytes.
fn backend(
    folder: &Path,
    request: &Request,
    writer: &mut impl Write,
    limit: Option<usize>,
) -> io::Result<()> {
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
    let mut child = installed("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", &request.method)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut input = child.stdin.take().expect("stdin is piped");
    let body = request.body.clone();
    let feeding = std::thread::spawn(move || {
        let _ = input.write_all(&body);
    });
    let mut output = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let handed_on = hand_on(&mut output, writer, limit);
    drop(output);
    let _ = feeding.join();
    child.wait()?;
    handed_on
}

fn hand_on(
    output: &mut impl BufRead,
    writer: &mut impl Write,
    limit: Option<usize>,
) -> io::Result<()> {
    let mut status = "200 OK".to_owned();
    let mut head = String::new();
    loop {
        let mut line = String::new();
        output.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        match line.strip_prefix("Status:") {
            Some(text) => text.trim().clone_into(&mut status),
            None => head.extend([line, "\r\n"]),
        }
    }
    write!(
        writer,
        "HTTP/1.1 {status}\r\n{head}Transfer-Encoding: chunked\r\n\r\n"
    )?;
    let mut left = limit.unwrap_or(usize::MAX);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = output.read(&mut buffer)?.min(left);
        if count == 0 && left > 0 {
            return writer.write_all(b"0\r\n\r\n");
        }
        if count > 0 {
            write!(writer, "{count:x}\r\n")?;
            writer.write_all(&buffer[..count])?;
            writer.write_all(b"\r\n")?;
        }
        left -= count;
        if left == 0 {
            // Silence, until the connection's end makes this write fail.
            loop {
                std::thread::sleep(std::time::Duration::from_hours(1));
            }
        }
    }
}
