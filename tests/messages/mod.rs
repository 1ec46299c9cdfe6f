//! Every message of the crate's error types, once, in `tests/golden/messages.txt`: that file is where their English is
//! reviewed. After a change that is meant, one command writes it anew:
//!
//! ```text
//! INSTA_UPDATE=always cargo test --test main messages::
//! ```

/// Renders a sample of each variant of an enum. `Variant { .. }`, `Variant(..)` and `Variant` are a sample each; several
/// bodies after one name are several samples. A variant without a sample does not compile. `explained` is for errors that
/// a command can end with: they have an exit code and hints; `remark` is for warnings and notes.
macro_rules! samples {
    ($room:literal, explained $name:ident: $($variants:tt)+) => {
        samples!(@all super::Message::explained, $room, $name: $($variants)+)
    };
    ($room:literal, remark $name:ident: $($variants:tt)+) => {
        samples!(@all super::Message::remark, $room, $name: $($variants)+)
    };
    ($room:literal, $name:ident: $($variants:tt)+) => {
        samples!(@all super::Message::new, $room, $name: $($variants)+)
    };
    (@all $message:path, $room:literal, $name:ident: $(
        $variant:ident $( { $($fields:tt)* } )* $( ( $($parts:tt)* ) )*
    ),+ $(,)?) => {{
        // The exhaustive list of the variants.
        fn sampled(error: &$name) -> &'static str {
            match error { $( $name::$variant { .. } => stringify!($variant), )+ }
        }
        let mut errors: Vec<$name> = Vec::new();
        $( samples!(@ errors $name $variant [ $( { $($fields)* } )* $( ( $($parts)* ) )* ]); )+
        errors
            .into_iter()
            .map(|error| {
                let variant = sampled(&error);
                $message($room, stringify!($name), variant, error)
            })
            .collect::<Vec<_>>()
    }};
    (@ $errors:ident $name:ident $variant:ident []) => {
        $errors.push($name::$variant);
    };
    (@ $errors:ident $name:ident $variant:ident [ $( $body:tt )+ ]) => {
        $( $errors.push($name::$variant $body); )+
    };
}

mod build;
mod bundle;
mod cluster;
mod commands;
mod doctor;
mod engine;
mod host;
mod library;
mod like;
mod plan;
mod remarks;
mod results;
mod rollout;
mod source;
mod transport;
mod values;

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use kmembuild::events::Event;
use kmembuild::failure::{Failure, FailureKind};
use kmembuild::report::{Verbosity, line};

const EACCES: i32 = 13;

/// One message, as a person reads it.
struct Message {
    room: &'static str,
    name: String,
    text: String,
}

impl Message {
    fn new(
        room: &'static str,
        error: &str,
        variant: &str,
        source: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self {
            room,
            name: [error, variant]
                .join("::")
                .trim_end_matches("::")
                .to_owned(),
            text: Failure::new(FailureKind::Usage, source).render(),
        }
    }

    fn remark(room: &'static str, name: &str, variant: &str, remark: impl Into<Event>) -> Self {
        Self {
            room,
            name: format!("{name}::{variant}"),
            text: line(&remark.into(), Verbosity::Normal)
                .expect("a line")
                .to_string()
                + "\n",
        }
    }

    fn explained(
        room: &'static str,
        error: &str,
        variant: &str,
        source: impl Into<Failure>,
    ) -> Self {
        let failure: Failure = source.into();
        let code = failure.kind.exit_code();
        Self {
            room,
            name: format!("{error}::{variant} (exit code {code})"),
            text: failure.render(),
        }
    }
}

/// The text of the golden file.
fn rendered(messages: Vec<Message>) -> String {
    let mut text = String::new();
    let mut room = "";
    for message in messages {
        if message.room != room {
            room = message.room;
            let _ = write!(text, "\n# {room}\n");
        }
        let _ = write!(text, "\n{}\n{}", message.name, message.text);
    }
    text.trim_start().to_owned()
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// An error of the JSON parser, as a cause.
fn json() -> serde_json::Error {
    serde_json::from_str::<u32>("{").expect_err("it is not a number")
}

/// An error of the system, as a cause.
fn system() -> std::io::Error {
    std::io::Error::from_raw_os_error(EACCES)
}

#[test]
fn all_messages_are_those_that_were_reviewed() {
    let rooms = [
        values::messages(),
        library::messages(),
        like::messages(),
        plan::messages(),
        source::messages(),
        transport::messages(),
        bundle::messages(),
        engine::messages(),
        cluster::messages(),
        build::messages(),
        host::messages(),
        results::messages(),
        rollout::messages(),
        remarks::messages(),
        doctor::messages(),
        commands::messages(),
    ];
    let found = rendered(rooms.into_iter().flatten().collect());
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/messages.txt");
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&golden, &found).expect("the golden file is written");
    }
    let expected = std::fs::read_to_string(&golden).expect("the golden file");
    let first = found.lines().zip(expected.lines()).find(|(a, b)| a != b);
    assert!(
        found == expected,
        "the messages differ from tests/golden/messages.txt, first in {first:?}; \
         if that is meant, write it anew with INSTA_UPDATE=always"
    );
}
