//! The images of a scripted engine, and what comes of pulling them.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::answer::{architecture, missing, say};
use super::http::{Request, begin_pieces, piece, respond};
use super::script::Pull;
use super::state::{IMAGE_ID, Labels, State};

/// Answers what is known of an image.
pub fn inspect(name: &str, state: &Mutex<State>, writer: &mut impl Write) -> io::Result<()> {
    let state = state.lock().unwrap();
    let Some(labels) = state.image(name) else {
        return missing(writer, &format!("No such image: {name}"));
    };
    let found = json!({
        "Id": IMAGE_ID,
        "RepoDigests": [],
        "Architecture": architecture(),
        "Os": "linux",
        "Config": {"Labels": labels},
        "RootFS": {"Type": "layers", "Layers": state.script.layers},
    });
    drop(state);
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
    let Some(labels) = state.image(name) else {
        return missing(writer, &format!("No such image: {name}"));
    };
    state.images.insert(further, labels);
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
                    let mut state = state.lock().unwrap();
                    state.images.insert(reference, Labels::new());
                    drop(state);
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

/// Builds an image as the script says.
pub fn build(request: &Request, state: &Mutex<State>, writer: &mut impl Write) -> io::Result<()> {
    let script = state.lock().unwrap().script.clone();
    begin_pieces(writer)?;
    for text in &script.image_build {
        line(writer, &json!({"stream": format!("{text}\n")}))?;
    }
    if let Some(message) = script.image_build_error {
        line(
            writer,
            &json!({"error": message, "errorDetail": {"message": message}}),
        )?;
    } else {
        let labels = serde_json::from_str(request.asks("labels")).unwrap_or_default();
        let mut state = state.lock().unwrap();
        state.images.insert(request.asks("t").to_owned(), labels);
        drop(state);
        line(writer, &json!({"aux": {"ID": IMAGE_ID}}))?;
    }
    piece(writer, b"")
}

/// Loads the one image that there is.
pub fn load(state: &Mutex<State>, writer: &mut impl Write) -> io::Result<()> {
    let mut state = state.lock().unwrap();
    state.images.insert("loaded".to_owned(), Labels::new());
    drop(state);
    begin_pieces(writer)?;
    line(
        writer,
        &json!({"stream": format!("Loaded image ID: {IMAGE_ID}\n")}),
    )?;
    piece(writer, b"")
}

fn line(writer: &mut impl Write, value: &Value) -> io::Result<()> {
    piece(writer, format!("{value}\r\n").as_bytes())
}
