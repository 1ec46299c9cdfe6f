//! How many targets of a release came to what.

use crate::number_of::number_of;
use crate::report::{Text, Tone};

/// How many targets came to what, in the order in which that was met.
#[derive(Default)]
pub(super) struct Counts(Vec<(&'static str, usize)>);

impl Counts {
    pub(super) fn add(&mut self, what: &'static str) {
        match self.0.iter_mut().find(|(known, _)| *known == what) {
            Some((_, number)) => *number += 1,
            None => self.0.push((what, 1)),
        }
    }

    /// `3 targets: 1 built, 2 unchanged`.
    pub(super) fn text(&self) -> Text {
        let total: usize = self.0.iter().map(|(_, number)| number).sum();
        let mut text = Text::from(number_of(total, "target"));
        for (place, (what, number)) in self.0.iter().enumerate() {
            text += if place == 0 { ": " } else { ", " };
            let tone = match *what {
                "failed" | "cannot be planned" => Tone::Bad,
                "skipped" => Tone::Caution,
                "to be built" | "in the cache" | "not needed" => Tone::Plain,
                _ => Tone::Good,
            };
            text += Text::toned(tone, format!("{number} {what}"));
        }
        text
    }
}
