//! Lines that change, on a terminal.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::look::draws_ascii;
use super::plain::{duration, place, usage};
use crate::events::{Event, Note, command_line};
use crate::harmless::harmless;

/// What goes on with a target, for how long, what it uses, and its last line of output.
const TARGET: &str = "{spinner} {prefix}  {time}  {wide_msg}";
/// A transfer of a single build.
const TRANSFER: &str = "  {prefix:12} {msg:12} [{bar:30}] {human_pos}/{human_len}";
/// How many of all targets are done.
const WHOLE: &str = "{pos}/{len} targets  {time}  {wide_msg}";

/// The states of a spinner and of a bar where only characters of ASCII are drawn.
const SPINNER: &str = "|/-\\ ";
const BAR: &str = "#>-";

/// How often the lines are drawn when nothing happens.
const TICK: Duration = Duration::from_millis(120);
/// Transfers shown at a time; an image can have more layers than a terminal has lines.
const TRANSFERS: usize = 8;

/// A line for each target, a bar for each transfer of a single build, and the number of targets that are done.
pub(super) struct Screen {
    lines: MultiProgress,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// By the target's name; a single build has none.
    targets: BTreeMap<Option<String>, Line>,
    transfers: BTreeMap<String, ProgressBar>,
    whole: Option<ProgressBar>,
}

/// What a target is doing.
struct Line {
    bar: ProgressBar,
    /// What its step uses.
    usage: String,
    /// Its command, or the last line of its output.
    text: String,
}

impl Line {
    fn show(&self) {
        let between = if self.usage.is_empty() { "" } else { "  " };
        let message = format!("{}{between}{}", self.usage, self.text);
        self.bar.set_message(message);
    }
}

impl Screen {
    /// An empty screen on standard error.
    pub(super) fn new() -> Self {
        Self::on(ProgressDrawTarget::stderr())
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let state = Arc::default();
        // indicatif would start a thread for every line, and panics where there are none left.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(keep_moving(Arc::downgrade(&state)));
        }
        Self {
            lines: MultiProgress::with_draw_target(target),
            state,
        }
    }

    /// Takes everything off the screen.
    pub(super) fn clear(&self) {
        if let Ok(mut state) = self.state.lock() {
            let State {
                targets,
                transfers,
                whole,
            } = std::mem::take(&mut *state);
            let bars = targets.into_values().map(|line| line.bar);
            for bar in bars.chain(transfers.into_values()).chain(whole) {
                bar.finish_and_clear();
            }
        }
        let _ = self.lines.clear();
    }

    /// Writes lines that stay.
    pub(super) fn print_above(&self, text: &str) {
        // A terminal that went away is no failure of the build.
        let _ = self.lines.println(text);
    }

    /// Shows an event as far as it changes what is on the screen.
    pub(super) fn show(&self, target: Option<&str>, event: &Event) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        match event {
            Event::StageStarted { stage, detail } => {
                self.begin(&mut state, target, stage, detail, None);
            }
            Event::StepStarted {
                step,
                command,
                number,
                of,
                last_milliseconds,
            } => {
                let activity = format!("{step}{}", place(*number, *of));
                let command = command_line(command);
                self.begin(&mut state, target, &activity, &command, *last_milliseconds);
            }
            Event::StepRunning {
                cpu_milliseconds,
                memory,
                ..
            } => {
                let line = self.line_of(&mut state, target);
                line.usage = usage(*cpu_milliseconds, *memory);
                line.show();
            }
            Event::Output { line: text, .. } => {
                let text = console::strip_ansi_codes(text).trim().to_owned();
                self.say_of(&mut state, target, &text);
            }
            Event::Note(waiting @ Note::Waiting(..)) => {
                self.say_of(&mut state, target, &waiting.to_string());
            }
            Event::Transfer {
                item,
                action,
                current,
                total,
            } => match target {
                Some(_) => self.say_of(&mut state, target, &format!("{action} {item}")),
                None => self.transfer(&mut state, item, action, *current, *total),
            },
            _ => {}
        }
        count_those_at_work(&state);
    }

    /// The work on so many targets begins.
    pub(super) fn count(&self, targets: usize) {
        let whole = self.lines.add(ProgressBar::new(targets as u64));
        whole.set_style(timed(WHOLE, None));
        if let Ok(mut state) = self.state.lock() {
            state.whole = Some(whole);
            count_those_at_work(&state);
        }
    }

    /// A target is planned, and waits for its turn: it is one of those that are counted.
    pub(super) fn rest(&self, target: &str) {
        if let Ok(mut state) = self.state.lock()
            && let Some(line) = state.targets.remove(&Some(target.to_owned()))
        {
            line.bar.finish_and_clear();
        }
    }

    /// A target is done.
    pub(super) fn end(&self, target: &str) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        if let Some(line) = state.targets.remove(&Some(target.to_owned())) {
            line.bar.finish_and_clear();
        }
        if let Some(whole) = &state.whole {
            whole.inc(1);
        }
        count_those_at_work(&state);
    }

    fn begin(
        &self,
        state: &mut State,
        target: Option<&str>,
        activity: &str,
        detail: &str,
        last_milliseconds: Option<u64>,
    ) {
        let line = self.line_of(state, target);
        line.usage.clear();
        line.text = harmless(detail).into_owned();
        // Each change draws: what belongs to the stage before goes first, so that it never stands beside this one.
        line.bar.set_message("");
        line.bar.reset_elapsed();
        let last = last_milliseconds.map(Duration::from_millis);
        line.bar.set_style(timed(TARGET, last));
        line.bar.set_prefix(match target {
            Some(name) => format!("{name}  {activity}"),
            None => activity.to_owned(),
        });
        line.show();
        if target.is_none() {
            for (_, transfer) in std::mem::take(&mut state.transfers) {
                transfer.finish_and_clear();
            }
        }
    }

    fn say_of(&self, state: &mut State, target: Option<&str>, text: &str) {
        let line = self.line_of(state, target);
        line.text = harmless(text).into_owned();
        line.show();
    }

    fn line_of<'a>(&self, state: &'a mut State, target: Option<&str>) -> &'a mut Line {
        let State { targets, whole, .. } = state;
        targets.entry(target.map(str::to_owned)).or_insert_with(|| {
            let bar = ProgressBar::new_spinner();
            let bar = match whole {
                Some(whole) => self.lines.insert_before(whole, bar),
                None => self.lines.add(bar),
            };
            bar.set_style(timed(TARGET, None));
            bar.set_prefix(target.unwrap_or_default().to_owned());
            Line {
                bar,
                usage: String::new(),
                text: String::new(),
            }
        })
    }

    fn transfer(&self, state: &mut State, item: &str, action: &str, current: u64, total: u64) {
        let transfers = &mut state.transfers;
        if total > 0 && current >= total {
            if let Some(bar) = transfers.remove(item) {
                bar.finish_and_clear();
            }
            return;
        }
        if !transfers.contains_key(item) && transfers.len() >= TRANSFERS {
            return;
        }
        let bar = transfers.entry(item.to_owned()).or_insert_with(|| {
            let bar = self.lines.add(ProgressBar::new(total));
            bar.set_style(style(TRANSFER));
            bar.set_prefix(item.chars().take(12).collect::<String>());
            bar
        });
        bar.set_length(total);
        bar.set_position(current);
        bar.set_message(harmless(action).into_owned());
    }
}

/// Draws the lines again and again, for as long as there is a screen: their times go on while nothing happens.
async fn keep_moving(state: Weak<Mutex<State>>) {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        let Some(state) = state.upgrade() else {
            return;
        };
        // Without the lock: drawing may wait for the terminal.
        let bars: Vec<ProgressBar> = match state.lock() {
            Ok(state) => {
                let bars = state.targets.values().map(|line| &line.bar);
                bars.chain(&state.whole).cloned().collect()
            }
            Err(_) => return,
        };
        for bar in bars {
            bar.tick();
        }
    }
}

/// Says how many targets are at work, and how many wait for their turn.
fn count_those_at_work(state: &State) {
    if let Some(whole) = &state.whole {
        let at_work = state.targets.len() as u64;
        let open = whole
            .length()
            .unwrap_or_default()
            .saturating_sub(whole.position());
        let waiting = open.saturating_sub(at_work);
        whole.set_message(format!("{at_work} at work, {waiting} waiting"));
    }
}

/// A style with the time that something has taken, and that it took the last time.
fn timed(template: &str, last: Option<Duration>) -> ProgressStyle {
    let last = last.map(|last| format!(" of ~{}", duration(last)));
    let last = last.unwrap_or_default();
    style(template).with_key(
        "time",
        move |state: &ProgressState, text: &mut dyn Write| {
            // Writing to a line cannot fail.
            let _ = write!(text, "{}{last}", duration(state.elapsed()));
        },
    )
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants of this file; a test draws with each.
    let style = ProgressStyle::with_template(template);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    if draws_ascii() {
        style.tick_chars(SPINNER).progress_chars(BAR)
    } else {
        style
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use indicatif::TermLike;

    use super::*;

    /// A terminal that keeps all text that is written to it.
    #[derive(Debug, Clone, Default)]
    struct Terminal(Arc<Mutex<String>>);

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(&format!("{text}\n"))
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[track_caller]
    fn assert_drawn(draw: impl FnOnce(&Screen), expected: &[&str]) {
        let terminal = Terminal::default();
        let on = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), u8::MAX);
        let screen = Screen::on(on);
        screen.count(3);
        draw(&screen);
        let state = screen.state.lock().unwrap();
        let bars = state.targets.values().map(|line| &line.bar);
        for bar in bars.chain(state.transfers.values()).chain(&state.whole) {
            bar.force_draw();
        }
        drop(state);
        let drawn = terminal.0.lock().unwrap().clone();
        for text in expected {
            assert!(drawn.contains(text), "{text:?} is not in {drawn:?}");
        }
    }

    #[test]
    fn each_template_draws_what_it_is_for() {
        let step = Event::StepStarted {
            step: "compile".to_owned(),
            command: vec!["make".to_owned(), "all".to_owned()],
            number: 1,
            of: 2,
            last_milliseconds: Some(100_000),
        };
        let running = Event::StepRunning {
            step: "compile".to_owned(),
            milliseconds: 2_000,
            cpu_milliseconds: 3_900,
            memory: 812 << 20,
        };
        let transfer = Event::Transfer {
            item: "0123456789abcdef".to_owned(),
            action: "downloading".to_owned(),
            current: 5,
            total: 1000,
        };
        // The digits of the time are left out: a busy machine may take a while.
        for (target, event, expected) in [
            (
                Some("runc"),
                &step,
                ["runc  compile 1/2  ", " of ~1m40s  make all"],
            ),
            (None, &step, ["compile 1/2  ", " of ~1m40s  make all"]),
            (Some("runc"), &running, ["runc  ", "  CPU 3.9 s, 812.0 MiB"]),
            (
                None,
                &transfer,
                ["  0123456789ab downloading  [", "] 5/1,000"],
            ),
            (
                Some("runc"),
                &transfer,
                ["runc  ", "  downloading 0123456789abcdef"],
            ),
        ] {
            assert_drawn(|screen| screen.show(target, event), &expected);
        }
    }

    #[test]
    fn a_target_that_is_done_is_counted() {
        assert_drawn(
            |screen| screen.end("runc"),
            &["1/3 targets  ", "0 at work, 2 waiting"],
        );
    }
}
