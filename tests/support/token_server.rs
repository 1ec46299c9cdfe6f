//! A token server, as registries name them: it knows one user, with a password or an identity token, and signs with the key
//! beside the certificate of [`super::https_front`].

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use super::https_front;
use super::preflight::installed;

/// The user that it knows.
pub const USER: &str = "me";
/// The user's password.
pub const PASSWORD: &str = "secret: with a colon";
/// The user's identity token.
pub const IDENTITY: &str = "identity-of-me";

/// Listens until the test process ends, and returns its URL.
pub fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(&stream));
        }
    });
    format!("http://{address}/token")
}

fn serve(stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        head += &line;
    }
    let header = |name: &str| {
        let mut lines = head.lines();
        lines.find_map(|line| {
            let (own, value) = line.split_once(": ")?;
            own.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut form = vec![0; length];
    reader.read_exact(&mut form).ok()?;
    let path = head.split_whitespace().nth(1)?;
    let query = if head.starts_with("POST") {
        String::from_utf8(form).ok()?
    } else {
        path.split_once('?')?.1.to_owned()
    };
    let url = reqwest::Url::parse(&format!("http://x/?{query}")).ok()?;
    let parameter = |wanted: &str| {
        let mut pairs = url.query_pairs();
        pairs.find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
    };
    let pair = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
    let is_known = header("authorization").as_ref() == Some(&pair)
        || (parameter("grant_type").as_deref() == Some("refresh_token")
            && parameter("refresh_token").as_deref() == Some(IDENTITY));
    let (status, text) = if is_known {
        assert_eq!(parameter("service").as_deref(), Some("test"));
        let token = token(&parameter("scope")?);
        // Servers of OAuth 2 have the one name, older ones the other.
        let name = if head.starts_with("POST") {
            "access_token"
        } else {
            "token"
        };
        (
            "200 OK",
            json!({ name: token, "expires_in": 60 }).to_string(),
        )
    } else {
        ("401 Unauthorized", "{}".to_owned())
    };
    let mut out = stream;
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    out.write_all(answer.as_bytes()).ok()
}

/// A signed token for `repository:NAME:ACTIONS`.
fn token(scope: &str) -> String {
    let mut parts = scope.splitn(3, ':');
    let (kind, name) = (parts.next().unwrap(), parts.next().unwrap());
    let actions: Vec<_> = parts.next().unwrap().split(',').collect();
    let pem = std::fs::read_to_string(https_front::certificate()).unwrap();
    let body = pem.split("-----BEGIN CERTIFICATE-----").nth(1).unwrap();
    let body = body.split("-----END").next().unwrap();
    let certificate: String = body.split_whitespace().collect();
    let header = json!({"typ": "JWT", "alg": "ES256", "x5c": [certificate]});
    let claims = json!({
        "iss": "test", "aud": "test", "sub": USER, "jti": "1", "iat": 0, "nbf": 0, "exp": 4_000_000_000_u32,
        "access": [{"type": kind, "name": name, "actions": actions}],
    });
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(signature(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// An ES256 signature: two numbers of 32 bytes.
fn signature(text: &[u8]) -> Vec<u8> {
    let mut child = installed("openssl")
        .args(["dgst", "-sha256", "-sign"])
        .arg(https_front::key())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl starts");
    child.stdin.take().unwrap().write_all(text).unwrap();
    let der = child.wait_with_output().unwrap().stdout;
    // A sequence of two integers, each with its length, and with a zero in front where it would be negative.
    let mut numbers = Vec::new();
    let mut rest = &der[2..];
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let number = &rest[2..2 + length];
        let number = &number[number.len().saturating_sub(32)..];
        numbers.extend(vec![0; 32 - number.len()]);
        numbers.extend_from_slice(number);
        rest = &rest[2 + length..];
    }
    numbers
}
