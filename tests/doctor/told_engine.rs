//! An engine that tells how it is set up, and does nothing.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;

use serde_json::{Value, json};
use tempfile::TempDir;

/// It listens on a socket until the test process ends.
pub struct ToldEngine {
    folder: TempDir,
}

impl ToldEngine {
    /// Answers the question for `/info` with this.
    pub fn start(info: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let listener = UnixListener::bind(folder.path().join("engine.sock")).expect("a socket");
        let version = json!({"Version": "20.10.24", "ApiVersion": "1.41", "Arch": "amd64"});
        let answers = [
            ("/info", info.to_string()),
            ("/version", version.to_string()),
            ("/networks/bridge", json!({"Name": "bridge"}).to_string()),
        ];
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
                let target = head.first().and_then(|first| first.split(' ').nth(1));
                let path = target.and_then(|target| target.split('?').next());
                let path = path.unwrap_or_default();
                let answer = answers.iter().find(|(end, _)| path.ends_with(end));
                let body = answer.map_or("\"OK\"", |(_, body)| body.as_str());
                let _ = write!(
                    &stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Self { folder }
    }

    /// The address, as `DOCKER_HOST` holds it.
    pub fn address(&self) -> String {
        format!("unix://{}/engine.sock", self.folder.path().display())
    }
}
