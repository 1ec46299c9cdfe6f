//! Bars and spinners on a terminal.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::Verbosity;
use super::plain::line;
use crate::events::{Event, Sink, command_line};

/// A spinner with what goes on and the last line of output, and a bar for each transfer.
pub struct LiveProgress {
    verbosity: Verbosity,
    screen: MultiProgress,
    state: Mutex<State>,
}

struct State {
    activity: ProgressBar,
    transfers: BTreeMap<String, ProgressBar>,
}

/// Bars shown at a time; an image can have more layers than a terminal has lines.
const BARS: usize = 8;

impl LiveProgress {
    /// Progress on standard error.
    pub fn new(verbosity: Verbosity) -> Self {
        let screen = MultiProgress::new();
        let activity = screen.add(ProgressBar::new_spinner());
        activity.set_style(style("{spinner} {prefix} {elapsed}  {wide_msg}"));
        activity.enable_steady_tick(Duration::from_millis(120));
        Self {
            verbosity,
            screen,
            state: Mutex::new(State {
                activity,
                transfers: BTreeMap::new(),
            }),
        }
    }

    /// Takes everything off the screen.
    pub fn finish(&self) {
        let _ = self.screen.clear();
        if let Ok(state) = self.state.lock() {
            state.activity.finish_and_clear();
        }
    }

    fn above(&self, text: &str) {
        // A terminal that went away is no failure of the build.
        let _ = self.screen.println(text);
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants of this file; a test renders them.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl State {
    fn begin(&mut self, prefix: &str, message: &str) {
        self.activity.reset_elapsed();
        self.activity.set_prefix(prefix.to_owned());
        self.activity.set_message(message.to_owned());
        for (_, bar) in std::mem::take(&mut self.transfers) {
            bar.finish_and_clear();
        }
    }

    fn transfer(
        &mut self,
        screen: &MultiProgress,
        item: &str,
        action: &str,
        current: u64,
        total: u64,
    ) {
        if total > 0 && current >= total {
            if let Some(bar) = self.transfers.remove(item) {
                bar.finish_and_clear();
            }
            return;
        }
        if !self.transfers.contains_key(item) && self.transfers.len() >= BARS {
            return;
        }
        let bar = self.transfers.entry(item.to_owned()).or_insert_with(|| {
            let bar = screen.add(ProgressBar::new(total));
            bar.set_style(style(
                "  {prefix:12} {msg:12} [{bar:30}] {human_pos}/{human_len}",
            ));
            bar.set_prefix(item.chars().take(12).collect::<String>());
            bar
        });
        bar.set_length(total);
        bar.set_position(current);
        bar.set_message(action.to_owned());
    }
}

impl Sink for LiveProgress {
    fn event(&self, event: &Event) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        match event {
            Event::Output { line, .. } if self.verbosity == Verbosity::Normal => {
                state
                    .activity
                    .set_message(console::strip_ansi_codes(line).trim().to_owned());
                return;
            }
            Event::StageStarted { stage, detail } => {
                state.begin(stage, detail);
                return;
            }
            Event::StepStarted { step, command } => state.begin(step, &command_line(command)),
            Event::Transfer {
                item,
                action,
                current,
                total,
            } => {
                state.transfer(&self.screen, item, action, *current, *total);
                return;
            }
            _ => {}
        }
        drop(state);
        if let Some(text) = line(event, self.verbosity) {
            self.above(&text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ProgressStyle;

    #[test]
    fn the_templates_are_valid() {
        for template in [
            "{spinner} {prefix} {elapsed}  {wide_msg}",
            "  {prefix:12} {msg:12} [{bar:30}] {human_pos}/{human_len}",
        ] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
