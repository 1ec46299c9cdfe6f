//! The images of a scripted engine, and what comes of pulling them.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::answer::{architecture, missing, say};
use super::http::{Request, begin_pieces, piece, respond};
use super::script::Pull;
use super::state::{IMAGE_ID, State};

/// Answers what is known of an image.
pub fn inspect(name: &str, state: &Mutex<State>, writer: &mut impl Write) -> io::Result<()> {
    if !state.lock().unwrap().has_image(name) {
        return missing(writer, &format!("No such image: {name}"));
    }
    let found = json!({
        "Id": IMAGE_ID,
        "RepoDigests": [],
        "Architecture": architecture(),
        "Os": "linux",
        "Config": {"Labels": {}},
    });
    say(writer, 200, &found)
}

/// Gives an image a further name.
pub fn tag(
    name: &str,
    request: &Request,
    state: &Mutex<State>,
    writer: &mut impl Write,
) -> io::Result<()> {
    let further = format!("{}:{}", request.asks("repo"), request.asks("tag"));
    let mut state = state.lock().unwrap();
    if !state.has_image(name) {
        return missing(writer, &format!("No such image: {name}"));
    }
    state.images.insert(further);
    respond(writer, 201, b"")
}

/// Pulls as the script says; false when the connection is over.
pub fn pull(request: &Request, state: &Mutex<State>, writer: &mut UnixStream) -> io::Result<bool> {
    let reference = request.asks("fromImage").to_owned();
    let pull = state.lock().unwrap().script.pulls.get(&reference).cloned();
    let refused = |writer: &mut UnixStream, message: &str| {
        say(writer, 500, &json!({"message": message})).map(|()| true)
    };
    match pull {
        None => {
            missing(writer, &format!("manifest for {reference} not found"))?;
            return Ok(true);
        }
        Some(Pull::Refused(message)) => return refused(writer, message),
        Some(pull) => {
            begin_pieces(writer)?;
            line(
                writer,
                &json!({"id": "0123456789ab", "status": "Pulling fs layer"}),
            )?;
            match pull {
                Pull::Stalls => {
                    // Until the other side has had enough.
                    let _ = writer.read(&mut [0]);
                    return Ok(false);
                }
                Pull::Breaks(message) => line(
                    writer,
                    &json!({"error": message, "errorDetail": {"message": message}}),
                )?,
                _ => {
                    state.lock().unwrap().images.insert(reference);
                    line(
                        writer,
                        &json!({"id": "0123456789ab", "status": "Pull complete"}),
                    )?;
                }
            }
        }
    }
    piece(writer, b"")?;
    Ok(true)
}

fn line(writer: &mut impl Write, value: &Value) -> io::Result<()> {
    piece(writer, format!("{value}\r\n").as_bytes())
}
