//! Text for people whose parts have a tone. How a tone looks is decided where the text is written: in colour or not.

use std::fmt;
use std::ops::{Add, AddAssign};

use serde::{Serialize, Serializer};

/// What a part of a text says, beside its words: no tone says what the words do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Everything else.
    Plain,
    /// It is well.
    Good,
    /// It is to be looked at.
    Caution,
    /// It is not well.
    Bad,
    /// A name or title that is looked for first.
    Title,
    /// `error:`
    Error,
    /// `warning:`
    Warning,
    /// `note:`, and what else is only told.
    Note,
    /// `hint:` and `next:`, what to do.
    Hint,
}

impl Tone {
    /// Whether a text of this tone is the label of a message.
    pub(super) fn is_label(self) -> bool {
        matches!(self, Self::Error | Self::Warning | Self::Note | Self::Hint)
    }
}

/// A part of a text in one tone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) tone: Tone,
    pub(super) text: String,
    /// Whether the lines with this part may be broken between words.
    pub(super) wraps: bool,
}

/// A text with tones. As `Display` and as JSON it is its words alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    runs: Vec<Run>,
}

impl Text {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// A part in a tone.
    pub fn toned(tone: Tone, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            runs: vec![Run {
                tone,
                text,
                wraps: false,
            }],
        }
    }

    /// A message of one line or several: where the width is known, its lines are broken between words, but never within
    /// backticks.
    pub fn message(text: impl Into<Self>) -> Self {
        let mut text = text.into();
        for run in &mut text.runs {
            run.wraps = true;
        }
        text
    }

    /// A message with a label, e.g. `error: ` in the tone of errors.
    pub fn labelled(tone: Tone, label: &str, text: impl Into<Self>) -> Self {
        Self::message(Self::toned(tone, label) + " " + text.into())
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.runs.iter().all(|run| run.text.is_empty())
    }

    /// With a comma in the place of each line break.
    pub(super) fn in_one_line(mut self) -> Self {
        for run in &mut self.runs {
            run.text = run.text.replace('\n', ", ");
        }
        self
    }

    /// Its lines; a line break at its end does not begin another one.
    pub(super) fn lines(&self) -> Vec<Vec<Run>> {
        let mut lines = vec![Vec::new()];
        for run in &self.runs {
            for (number, text) in run.text.split('\n').enumerate() {
                if number > 0 {
                    lines.push(Vec::new());
                }
                if let (false, Some(line)) = (text.is_empty(), lines.last_mut()) {
                    line.push(Run {
                        text: text.to_owned(),
                        ..*run
                    });
                }
            }
        }
        if lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        }
        lines
    }

    /// Whether its last line is a whole one.
    pub(super) fn ends_a_line(&self) -> bool {
        let last = self.runs.iter().rfind(|run| !run.text.is_empty());
        last.is_some_and(|run| run.text.ends_with('\n'))
    }

    /// The parts in another form; as many words as before.
    pub(super) fn of_runs(runs: Vec<Run>) -> Self {
        Self { runs }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.runs.iter().try_for_each(|run| f.write_str(&run.text))
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::toned(Tone::Plain, text)
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<&Text> for Text {
    fn from(text: &Text) -> Self {
        text.clone()
    }
}

impl<T: Into<Text>> Add<T> for Text {
    type Output = Text;

    fn add(mut self, other: T) -> Text {
        self += other;
        self
    }
}

impl<T: Into<Text>> AddAssign<T> for Text {
    fn add_assign(&mut self, other: T) {
        self.runs.extend(other.into().runs);
    }
}
