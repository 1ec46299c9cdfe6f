//! What the stages report while they work.
//!
//! Stages send [`Event`]s to a [`Sink`] and never print. The `report` room turns them into progress bars, lines or
//! JSON, and the build log keeps every [`Event::Output`] line.

mod event;
mod note;
mod stage;
mod warning;

pub use event::{Event, JSON_FORMAT, Silent, Sink, Tee, command_line};
pub use note::Note;
pub use stage::Stage;
pub use warning::Warning;
