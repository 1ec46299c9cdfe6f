//! What the doctor found.

use std::collections::BTreeMap;

use super::layout::Table;
use super::text::{Text, Tone};
use crate::host::doctor::{Half, LeakAnswer, Level, Line, Verdict};

/// Subjects that are named of those with the same cause.
const NAMED: usize = 3;

/// The least width in columns at which a table of four columns can be read.
const TABLE: u16 = 100;

/// A table with a row for each line, or a list where that is not wide enough; each question is above its lines.
pub fn doctor_table(lines: &[Line], width: u16) -> Text {
    if width < TABLE {
        return doctor_list(lines, width);
    }
    let mut table = Table::with_head(["check", "result", "found", "what to do"]);
    let mut half = None;
    for line in lines {
        if half != Some(line.half) {
            half = Some(line.half);
            table.row([Text::toned(Tone::Title, question(line.half))]);
        }
        let check = line.check.replace('-', " ");
        let check = match &line.subject {
            Some(subject) => format!("{check}\n{subject}"),
            None => check,
        };
        let remedy = line.remedy.as_deref().unwrap_or_default();
        table.row([
            Text::from(check),
            word(line.level),
            Text::from(&line.found),
            Text::from(remedy),
        ]);
    }
    table.text(2, width)
}

fn doctor_list(lines: &[Line], width: u16) -> Text {
    let mut text = Text::new();
    for half in [Half::Build, Half::Leak] {
        let mut table = Table::new();
        for line in lines.iter().filter(|line| line.half == half) {
            let found = format!("{}: {}", title(line), line.found);
            table.row([word(line.level), with_remedy(found, line.remedy.as_deref())]);
        }
        if !table.is_empty() {
            text += Text::toned(Tone::Title, question(half)) + "\n" + table.text(1, width);
        }
    }
    text
}

/// What was found, and below it what to do.
fn with_remedy(found: String, remedy: Option<&str>) -> Text {
    let remedy = remedy.map(|remedy| format!("\n-> {remedy}"));
    Text::from(found + &remedy.unwrap_or_default())
}

/// What is not well, those with the same cause together.
pub fn doctor_problems(lines: &[Line], width: u16) -> Text {
    let mut table = Table::new();
    for ((level, cause), of_cause) in by_cause(lines) {
        let found = match of_cause.as_slice() {
            [only] => format!("{}: {}", title(only), only.found),
            several => format!("{}: {cause}: {}", kinds(several), subjects(several)),
        };
        let remedy = remedy(&of_cause);
        table.row([word(level), with_remedy(found, remedy.as_deref())]);
    }
    table.text(1, width)
}

/// The answers, one line for each question.
pub fn doctor_verdict(verdict: &Verdict) -> Text {
    let mut text = Text::new();
    if !verdict.builds.is_empty() {
        let (can, cannot): (Vec<_>, Vec<_>) =
            verdict.builds.iter().partition(|one| one.lacks.is_empty());
        let mut answers = Text::new();
        if !can.is_empty() {
            let names: Vec<_> = can.iter().map(|one| one.recipe.as_str()).collect();
            answers += format!("{} ", names.join(", "));
            answers += Text::toned(Tone::Good, "yes");
        }
        let mut by_lack: BTreeMap<&[&str], Vec<&str>> = BTreeMap::new();
        for one in cannot {
            by_lack.entry(&one.lacks).or_default().push(&one.recipe);
        }
        for (lacks, recipes) in by_lack {
            let between = if answers.is_empty() { "" } else { "; " };
            answers += format!("{between}{} ", recipes.join(", "));
            answers += Text::toned(Tone::Bad, "no");
            answers += format!(" ({})", lacks.join(", "));
        }
        text += answer_to(Half::Build, answers);
    }
    if let Some(leak) = &verdict.leaks {
        let answer = match leak.answer {
            LeakAnswer::Yes => Text::toned(Tone::Bad, "yes"),
            LeakAnswer::Perhaps => Text::toned(Tone::Caution, "perhaps"),
            LeakAnswer::No => Text::toned(Tone::Good, "no"),
        };
        text += answer_to(Half::Leak, answer + format!(": {}", leak.why));
    }
    text
}

fn answer_to(half: Half, answer: Text) -> Text {
    Text::message(Text::toned(Tone::Title, question(half)) + " " + answer + "\n")
}

fn question(half: Half) -> &'static str {
    match half {
        Half::Build => "Can it build?",
        Half::Leak => "Does it leak?",
    }
}

fn word(level: Level) -> Text {
    match level {
        Level::Ok => Text::toned(Tone::Good, "ok"),
        Level::Warn => Text::toned(Tone::Caution, "warn"),
        Level::Fail => Text::toned(Tone::Bad, "FAIL"),
    }
}

fn title(line: &Line) -> String {
    let check = line.check.replace('-', " ");
    match &line.subject {
        Some(subject) => format!("{check} {subject}"),
        None => check,
    }
}

/// The lines that are not well, by level and cause, failures first.
fn by_cause(lines: &[Line]) -> Vec<((Level, String), Vec<&Line>)> {
    let mut groups: Vec<((Level, String), Vec<&Line>)> = Vec::new();
    for level in [Level::Fail, Level::Warn] {
        for line in lines.iter().filter(|line| line.level == level) {
            let key = (level, cause(line));
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, group)) => group.push(line),
                None => groups.push((key, vec![line])),
            }
        }
    }
    groups
}

/// What was found, without what only concerns this one of several: names of hosts, paths, times.
fn cause(line: &Line) -> String {
    if line.subject.is_none() {
        return line.found.clone();
    }
    let of_one = |word: &&str| word.contains(['.', '/']) || word.ends_with("ms");
    let words = first(&line.found).split_whitespace();
    let words: Vec<_> = words.filter(|word| !of_one(word)).collect();
    words.join(" ")
}

/// The first part of what was found.
fn first(found: &str) -> &str {
    let end = found.find(": ").into_iter().chain(found.find("; ")).min();
    end.map_or(found, |end| &found[..end])
}

/// `source (4), registry (8)`.
fn kinds(lines: &[&Line]) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for line in lines {
        match kinds.iter_mut().find(|(kind, _)| *kind == line.check) {
            Some((_, number)) => *number += 1,
            None => kinds.push((line.check, 1)),
        }
    }
    let kinds = kinds
        .iter()
        .map(|(kind, number)| format!("{} ({number})", kind.replace('-', " ")));
    kinds.collect::<Vec<_>>().join(", ")
}

fn subjects(lines: &[&Line]) -> String {
    let subjects: Vec<_> = lines
        .iter()
        .filter_map(|line| line.subject.as_deref())
        .collect();
    match subjects.len().checked_sub(NAMED) {
        None | Some(0) => subjects.join(", "),
        Some(more) => format!("{} and {more} more", subjects[..NAMED].join(", ")),
    }
}

/// What to do: of several with one cause, what is common to them.
fn remedy(lines: &[&Line]) -> Option<String> {
    let mut remedies: Vec<_> = lines
        .iter()
        .filter_map(|line| line.remedy.as_deref())
        .collect();
    remedies.sort_unstable();
    remedies.dedup();
    match remedies.as_slice() {
        [] => None,
        [only] => Some((*only).to_owned()),
        _ if lines.iter().all(|line| line.half == Half::Build) => Some(
            "a closed network, or a proxy that is not set? docs/mirrors.md tells how to build in one; `--all` \
             tells what to do about each"
                .to_owned(),
        ),
        _ => Some("`--all` tells what to do about each".to_owned()),
    }
}
