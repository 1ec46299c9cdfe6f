//! Short lines, for pipes and for CI logs; a terminal shows the most important of them too.

use std::time::Duration;

use bytesize::ByteSize;

use super::Verbosity;
use super::text::{Text, Tone};
use crate::advice;
use crate::events::{Event, command_line};

/// Stages that are over in a moment, and of which the result tells.
const SHORT: [&str; 3] = ["cache", "check", "publish"];

/// The line for an event, without a line break at its end; `None` if it is not worth one at that verbosity.
pub fn line(event: &Event, verbosity: Verbosity) -> Option<Text> {
    let message = |text: String| Some(Text::message(text));
    match event {
        Event::Warning(warning) => {
            let advice = advice::warning(warning).map(|advice| format!("; {advice}"));
            let text = format!("{warning}{}", advice.unwrap_or_default());
            Some(Text::labelled(Tone::Warning, "warning:", text))
        }
        _ if verbosity == Verbosity::Quiet => None,
        Event::StageStarted { stage, .. } | Event::StageFinished { stage, .. }
            if SHORT.contains(stage) && verbosity != Verbosity::Verbose =>
        {
            None
        }
        Event::Output { line, .. } => (verbosity == Verbosity::Verbose).then(|| line.into()),
        Event::StageStarted { stage, detail } => message(format!("{stage}: {detail}")),
        Event::StageFinished {
            stage,
            detail,
            milliseconds,
        } => message(format!(
            "{stage}: done in {}: {detail}",
            seconds(*milliseconds)
        )),
        Event::MirrorFailed {
            wanted,
            mirror,
            reason,
        } => message(format!("{wanted}: not available from {mirror}: {reason}")),
        Event::StepStarted {
            step,
            command,
            number,
            of,
            last_milliseconds,
        } => {
            let place = place(*number, *of);
            let last =
                last_milliseconds.map(|last| format!(" (took {} the last time)", seconds(last)));
            let (command, last) = (command_line(command), last.unwrap_or_default());
            // A command is to be copied.
            Some(format!("step {step}{place}: {command}{last}").into())
        }
        Event::StepRunning {
            step,
            milliseconds,
            cpu_milliseconds,
            memory,
        } => message(format!(
            "step {step}: at work for {}: {}",
            seconds(*milliseconds),
            usage(*cpu_milliseconds, *memory)
        )),
        Event::StepFinished {
            step,
            exit_code: 0,
            milliseconds,
        } => message(format!("step {step}: done in {}", seconds(*milliseconds))),
        Event::StepFinished {
            step,
            exit_code,
            milliseconds,
        } => {
            let code = Text::toned(Tone::Bad, format!("exit code {exit_code}"));
            let text = Text::from(format!("step {step}: ")) + code;
            Some(Text::message(
                text + format!(" after {}", seconds(*milliseconds)),
            ))
        }
        Event::Note(note) => Some(Text::labelled(Tone::Note, "note:", note.to_string())),
        Event::StageFailed { .. } | Event::Transfer { .. } => None,
    }
}

/// Which of several steps it is: ` 1/2`.
pub(super) fn place(number: usize, of: usize) -> String {
    if of > 1 {
        format!(" {number}/{of}")
    } else {
        String::new()
    }
}

/// What a step uses: `CPU 2m58s, 812.0 MiB`.
pub(super) fn usage(cpu_milliseconds: u64, memory: u64) -> String {
    format!("CPU {}, {}", seconds(cpu_milliseconds), ByteSize(memory))
}

/// A time as a person says it: `8.4 s`, `1m29s`, `2h05m`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{}.{} s", seconds, time.subsec_millis() / 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// The same for milliseconds.
pub(super) fn seconds(milliseconds: u64) -> String {
    duration(Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn a_time_has_the_parts_that_matter() {
        for (milliseconds, text) in [
            (0, "0.0 s"),
            (8_490, "8.4 s"),
            (59_999, "59.9 s"),
            (60_000, "1m00s"),
            (89_900, "1m29s"),
            (3_599_999, "59m59s"),
            (3_600_000, "1h00m"),
            (7_500_000, "2h05m"),
        ] {
            assert_eq!(seconds(milliseconds), text);
        }
    }
}
