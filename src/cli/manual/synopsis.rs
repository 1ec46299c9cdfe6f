//! The synopsis of a manual page: every option with its value.

use clap::{Arg, ArgAction, Command};
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

/// The section with the command, its options and its arguments.
pub(super) fn synopsis(command: &Command) -> Roff {
    let mut line = vec![bold(command.get_bin_name().unwrap_or(command.get_name()))];
    let shown = || {
        command
            .get_arguments()
            .filter(|argument| !argument.is_hide_set())
    };
    for option in shown().filter(|argument| !argument.is_positional()) {
        line.push(roman(" "));
        line.extend(around(option, named(option)));
    }
    for positional in shown().filter(|argument| argument.is_positional()) {
        line.push(roman(" "));
        line.extend(around(positional, vec![italic(value(positional))]));
    }
    if command.get_subcommands().any(|below| !below.is_hide_set()) {
        let required = command.is_subcommand_required_set();
        line.push(roman(if required { " " } else { " [" }));
        line.push(italic("COMMAND"));
        line.push(roman(if required { " ..." } else { " ...]" }));
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text(line);
    roff
}

/// The argument in brackets if it can be left out, and with dots if it can be repeated.
fn around(argument: &Arg, parts: Vec<Inline>) -> Vec<Inline> {
    let required = argument.is_required_set();
    let many = argument
        .get_num_args()
        .is_some_and(|number| number.max_values() > 1);
    let repeated = many || matches!(argument.get_action(), ArgAction::Append);
    let mut line = Vec::new();
    if !required {
        line.push(roman("["));
    }
    line.extend(parts);
    if !required {
        line.push(roman("]"));
    }
    if repeated {
        line.push(roman("..."));
    }
    line
}

/// The name of an option, and its value.
fn named(option: &Arg) -> Vec<Inline> {
    let long = option.get_long().map(|name| format!("--{name}"));
    let short = option.get_short().map(|name| format!("-{name}"));
    let mut parts = Vec::new();
    if let Some(short) = &short {
        parts.push(bold(short.as_str()));
    }
    if short.is_some() && long.is_some() {
        parts.push(roman("|"));
    }
    if let Some(long) = &long {
        parts.push(bold(long.as_str()));
    }
    if option.get_action().takes_values() {
        parts.push(roman(" "));
        parts.push(italic(value(option)));
    }
    parts
}

/// The name of the argument's value.
fn value(argument: &Arg) -> String {
    match argument.get_value_names() {
        Some(names) => names.join(" "),
        None => argument.get_id().as_str().to_uppercase(),
    }
}
