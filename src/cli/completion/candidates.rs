//! What the last word of a command line can be completed to.

use std::ffi::OsString;

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command, ValueHint};

use super::candidate::Candidate;
use super::values::Known;
use super::words::Words;

/// What the shell offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Completion {
    /// These words.
    Words(Vec<Candidate>),
    /// Files.
    Files,
    /// Directories.
    Directories,
}

/// Completes the last of the words, which are those behind the program's name.
pub(crate) fn complete(command: &Command, words: &[OsString], known: &Known<'_>) -> Completion {
    let words = Words::new(words);
    let place = Place::find(command, &words.finished);
    let current = words.current.as_str();
    let completion = match (place.waiting, current.split_once('=')) {
        (Some(option), _) => place.values(option, known),
        (None, Some((name, _))) if name.starts_with("--") && !place.only_positionals => {
            match place.option(name) {
                Some(option) => match place.values(option, known) {
                    Completion::Words(values) if words.kept == 0 => {
                        let whole = values.into_iter().map(|value| Candidate {
                            word: format!("{name}={}", value.word),
                            ..value
                        });
                        Completion::Words(whole.collect())
                    }
                    other => other,
                },
                None => Completion::Words(Vec::new()),
            }
        }
        (None, _) if current.starts_with('-') && !place.only_positionals => {
            Completion::Words(place.options())
        }
        (None, _) => place.commands_and_positionals(known),
    };
    match completion {
        Completion::Words(candidates) => {
            let typed = &current[words.kept.min(current.len())..];
            let is_printable = |word: &str| {
                !word.is_empty() && !word.contains(|c: char| c.is_control() || c.is_whitespace())
            };
            let fitting = candidates
                .into_iter()
                .filter(|candidate| candidate.word.starts_with(typed))
                .filter(|candidate| is_printable(&candidate.word));
            Completion::Words(fitting.collect())
        }
        other => other,
    }
}

/// Where the last word stands.
struct Place<'a> {
    command: &'a Command,
    /// Names of the command and those above it.
    path: Vec<&'a str>,
    /// The option whose value it is.
    waiting: Option<&'a Arg>,
    /// The options that were given.
    given: Vec<&'a Arg>,
    /// The arguments without a name.
    positionals: Vec<&'a str>,
    /// Whether `--` was given.
    only_positionals: bool,
}

impl<'a> Place<'a> {
    fn find(command: &'a Command, finished: &'a [String]) -> Self {
        let mut place = Self {
            command,
            path: Vec::new(),
            waiting: None,
            given: Vec::new(),
            positionals: Vec::new(),
            only_positionals: false,
        };
        for word in finished {
            place.pass(word);
        }
        place
    }

    fn pass(&mut self, word: &'a str) {
        if self.waiting.take().is_some() {
            return;
        }
        if self.only_positionals {
            self.positionals.push(word);
        } else if word == "--" {
            self.only_positionals = true;
        } else if let Some((name, _)) = word.split_once('=').filter(|_| word.starts_with("--")) {
            self.given.extend(self.option(name));
        } else if word.starts_with("--") {
            let option = self.option(word);
            self.given.extend(option);
            self.waiting = option.filter(|option| option.get_action().takes_values());
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            self.pass_letters(letters);
        } else if let Some(below) = self.below(word) {
            self.command = below;
            self.path.push(below.get_name());
        } else {
            self.positionals.push(word);
        }
    }

    /// Options of one letter; the value of one that takes it may follow at once.
    fn pass_letters(&mut self, letters: &str) {
        let mut letters = letters.chars();
        while let Some(letter) = letters.next() {
            let mut arguments = self.command.get_arguments();
            let Some(option) = arguments.find(|option| option.get_short() == Some(letter)) else {
                return;
            };
            self.given.push(option);
            if option.get_action().takes_values() {
                self.waiting = letters.next().is_none().then_some(option);
                return;
            }
        }
    }

    /// The command of this name below the current one.
    fn below(&self, word: &str) -> Option<&'a Command> {
        if self.positionals.is_empty() {
            self.command.find_subcommand(word)
        } else {
            None
        }
    }

    fn option(&self, name: &str) -> Option<&'a Arg> {
        let name = name.strip_prefix("--")?;
        self.command.get_arguments().find(|option| {
            let aliases = option.get_all_aliases().unwrap_or_default();
            option.get_long() == Some(name) || aliases.contains(&name)
        })
    }

    /// The options that can still be given.
    fn options(&self) -> Vec<Candidate> {
        let options = self.command.get_arguments().filter(|option| {
            let given = self
                .given
                .iter()
                .any(|given| given.get_id() == option.get_id());
            let again = matches!(option.get_action(), ArgAction::Append);
            !option.is_hide_set() && (again || !given)
        });
        options
            .filter_map(|option| {
                let help = option.get_help().map(ToString::to_string);
                let name = format!("--{}", option.get_long()?);
                Some(Candidate::new(name, help.unwrap_or_default()))
            })
            .collect()
    }

    fn commands_and_positionals(&self, known: &Known<'_>) -> Completion {
        let mut candidates = Vec::new();
        if self.positionals.is_empty() && !self.only_positionals {
            for below in self
                .command
                .get_subcommands()
                .filter(|below| !below.is_hide_set())
            {
                let about = below.get_about().map(ToString::to_string);
                candidates.push(Candidate::new(below.get_name(), about.unwrap_or_default()));
            }
        }
        let all: Vec<_> = self.command.get_positionals().collect();
        let next = all.get(self.positionals.len()).or_else(|| {
            let last = all.last()?;
            let many = last
                .get_num_args()
                .is_some_and(|number| number.max_values() > 1);
            (many || matches!(last.get_action(), ArgAction::Append)).then_some(last)
        });
        match next.map(|argument| self.values(argument, known)) {
            Some(Completion::Words(values)) => candidates.extend(values),
            Some(places) if candidates.is_empty() => return places,
            _ => {}
        }
        Completion::Words(candidates)
    }

    /// What an argument can be.
    fn values(&self, argument: &Arg, known: &Known<'_>) -> Completion {
        let id = argument.get_id().as_str();
        if let Some(values) = known.values(&self.path, id, &self.positionals) {
            return Completion::Words(values);
        }
        let possible = argument.get_possible_values();
        if !possible.is_empty() {
            let shown = possible.iter().filter(|value| !value.is_hide_set());
            return Completion::Words(shown.map(of_value).collect());
        }
        let names = argument.get_value_names().unwrap_or_default();
        let is_directory = names.iter().any(|name| name.as_str() == "DIR") || id == "dir";
        match argument.get_value_hint() {
            ValueHint::Unknown if names.iter().all(|name| !name.contains("PATH")) => {
                Completion::Words(Vec::new())
            }
            _ if is_directory => Completion::Directories,
            _ => Completion::Files,
        }
    }
}

fn of_value(value: &PossibleValue) -> Candidate {
    let help = value.get_help().map(ToString::to_string);
    Candidate::new(value.get_name(), help.unwrap_or_default())
}
