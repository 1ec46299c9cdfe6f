//! A sink that keeps what it is told.

use std::sync::Mutex;

use kmembuild::events::{Event, Sink};

/// Keeps all events.
#[derive(Default)]
pub struct Recorder(Mutex<Vec<Event>>);

impl Recorder {
    /// All events so far.
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    /// The lines of output so far.
    pub fn lines(&self) -> Vec<String> {
        self.events()
            .into_iter()
            .filter_map(|event| match event {
                Event::Output { line, .. } => Some(line),
                _ => None,
            })
            .collect()
    }
}

impl Sink for Recorder {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}
