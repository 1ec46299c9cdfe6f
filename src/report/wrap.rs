//! Lines that are broken between words.

use console::measure_text_width;

use super::text::{Run, Tone};

/// Most columns by which the second and further lines of a message are indented for its label.
const LABEL: usize = 8;
/// The indent of those of other messages.
const INDENT: usize = 2;
/// The least width in which a text can be read; in a narrower one nothing is broken.
const LEAST: usize = 20;

/// A message's line in lines of at most `width` columns. They are broken at spaces, but not within backticks: what is
/// there is to be copied. The second and further ones are indented.
pub(super) fn wrapped_message(line: &[Run], width: usize) -> Vec<Vec<Run>> {
    let hang = hang(line);
    if width < LEAST + hang {
        return vec![line.to_vec()];
    }
    wrapped(line, width, hang)
}

/// A line in lines of at most `width` columns, the second and further ones indented by `hang`. A longer word has a line of
/// its own.
pub(super) fn wrapped(line: &[Run], width: usize, hang: usize) -> Vec<Vec<Run>> {
    let mut lines: Vec<Vec<Run>> = vec![Vec::new()];
    let mut used = 0;
    let mut is_first = true;
    for word in words(line) {
        let taken = width_of(&word);
        let is_start = used == 0 || (lines.len() > 1 && used == hang);
        if !is_first && used + 1 + taken > width && !is_start {
            lines.push(indent(hang));
            used = hang;
        } else if !is_first && (!is_start || lines.len() == 1) {
            let space = space(lines.last().and_then(|line| line.last()), &word);
            add(&mut lines, &[space]);
            used += 1;
        }
        add(&mut lines, &word);
        used += taken;
        is_first = false;
    }
    lines
}

/// How far the second and further lines are indented: below what follows the label, or a little more than the first line.
fn hang(line: &[Run]) -> usize {
    match line.first() {
        Some(run) if run.tone.is_label() => (width_of(std::slice::from_ref(run)) + 1).min(LABEL),
        Some(run) => run.text.len() - run.text.trim_start().len() + INDENT,
        None => 0,
    }
}

/// The columns of some parts.
pub(super) fn width_of(runs: &[Run]) -> usize {
    runs.iter().map(|run| measure_text_width(&run.text)).sum()
}

fn indent(columns: usize) -> Vec<Run> {
    if columns == 0 {
        return Vec::new();
    }
    vec![Run {
        tone: Tone::Plain,
        text: " ".repeat(columns),
        wraps: true,
    }]
}

/// The space between two words, in their tone if that is the same.
fn space(before: Option<&Run>, after: &[Run]) -> Run {
    let before = before.map(|run| run.tone);
    let after = after.first();
    Run {
        tone: before
            .filter(|tone| after.is_some_and(|run| run.tone == *tone))
            .unwrap_or(Tone::Plain),
        text: " ".to_owned(),
        wraps: after.is_none_or(|run| run.wraps),
    }
}

fn add(lines: &mut [Vec<Run>], word: &[Run]) {
    if let Some(line) = lines.last_mut() {
        for run in word {
            match line.last_mut() {
                Some(last) if last.tone == run.tone => last.text.push_str(&run.text),
                _ => line.push(run.clone()),
            }
        }
    }
}

/// What is between the spaces of a line; there is nothing between two spaces that follow each other.
fn words(line: &[Run]) -> Vec<Vec<Run>> {
    let mut words = vec![Vec::new()];
    let mut marks: usize = line.iter().map(|run| run.text.matches('`').count()).sum();
    let mut is_command = false;
    for run in line {
        let mut part = String::new();
        for c in run.text.chars() {
            if c == '`' {
                marks -= 1;
                // One without its other half is none.
                is_command = !is_command && marks > 0;
            }
            if c == ' ' && !is_command {
                end_part(&mut words, run, &mut part);
                words.push(Vec::new());
            } else {
                part.push(c);
            }
        }
        end_part(&mut words, run, &mut part);
    }
    words
}

fn end_part(words: &mut [Vec<Run>], run: &Run, part: &mut String) {
    if let (false, Some(word)) = (part.is_empty(), words.last_mut()) {
        word.push(Run {
            text: std::mem::take(part),
            ..*run
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::text::Text;

    #[track_caller]
    fn assert_wrapped(text: Text, width: usize, expected: &[&str]) {
        let line = Text::message(text).lines().remove(0);
        let lines = wrapped_message(&line, width);
        let lines: Vec<String> = lines
            .iter()
            .map(|line| line.iter().map(|run| run.text.as_str()).collect())
            .collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn lines_are_broken_between_words_and_indented_below_the_label() {
        let text = Text::labelled(Tone::Error, "error:", "one two three four five six seven");
        assert_wrapped(
            text,
            28,
            &["error: one two three four", "       five six seven"],
        );
    }

    #[test]
    fn an_indented_line_stays_so() {
        assert_wrapped(
            "  one two three four five six".into(),
            24,
            &["  one two three four", "    five six"],
        );
    }

    #[test]
    fn what_is_to_be_copied_is_not_broken() {
        assert_wrapped(
            "use `kmembuild cache verify --remove` to remove it".into(),
            24,
            &[
                "use",
                "  `kmembuild cache verify --remove`",
                "  to remove it",
            ],
        );
        // Half a pair is none.
        assert_wrapped(
            "it's 5` long and goes on and on".into(),
            24,
            &["it's 5` long and goes on", "  and on"],
        );
    }

    #[test]
    fn a_long_word_is_whole() {
        assert_wrapped(
            "in /a/very/long/path/to/some/file it is".into(),
            22,
            &["in", "  /a/very/long/path/to/some/file", "  it is"],
        );
    }

    #[test]
    fn a_part_in_another_tone_belongs_to_its_word() {
        let text = Text::from("one two (") + Text::toned(Tone::Good, "three four") + ") five";
        assert_wrapped(text, 22, &["one two (three four)", "  five"]);
    }
}
