//! A stage of a run, from its begin to its end.

use std::time::Instant;

use super::event::{Event, Sink};

/// A stage that has begun; one that is dropped before its end has failed.
#[must_use]
pub struct Stage<'a> {
    sink: &'a dyn Sink,
    name: &'static str,
    started: Instant,
    is_over: bool,
}

impl<'a> Stage<'a> {
    /// The stage `name` begins; `detail` says what it is about to do.
    pub fn begin(sink: &'a dyn Sink, name: &'static str, detail: String) -> Self {
        sink.event(&Event::StageStarted {
            stage: name,
            detail,
        });
        Self {
            sink,
            name,
            started: Instant::now(),
            is_over: false,
        }
    }

    /// It is over; `detail` says what came of it.
    pub fn end(mut self, detail: String) {
        self.is_over = true;
        self.sink.event(&Event::StageFinished {
            stage: self.name,
            detail,
            milliseconds: self.milliseconds(),
        });
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.sink.event(&Event::StageFailed {
                stage: self.name,
                milliseconds: self.milliseconds(),
            });
        }
    }
}
