//! `--color`.

use std::ffi::OsString;

use clap::ValueEnum;

use crate::report::ColourChoice;

/// Where there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColourWhen {
    /// On a terminal, unless the environment says otherwise.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// The choice of a command line, which may be wrong otherwise: what is wrong with it is told in colour or not as well.
pub fn colour_choice(arguments: &[OsString]) -> ColourChoice {
    let words = arguments.iter().skip(1).map(|word| word.to_str());
    let mut words = words.take_while(|word| *word != Some("--"));
    let mut choice = ColourChoice::default();
    while let Some(word) = words.next() {
        let value = match word {
            Some("--color") => words.next().flatten(),
            Some(word) => word.strip_prefix("--color="),
            None => None,
        };
        let when = value.and_then(|value| ColourWhen::from_str(value, false).ok());
        choice = match when {
            Some(ColourWhen::Auto) => ColourChoice::Auto,
            Some(ColourWhen::Always) => ColourChoice::Always,
            Some(ColourWhen::Never) => ColourChoice::Never,
            None => choice,
        };
    }
    choice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_valid_choice_counts() {
        for (line, choice) in [
            ("kmembuild doctor", ColourChoice::Auto),
            ("kmembuild --color always doctor", ColourChoice::Always),
            ("kmembuild doctor --color=never", ColourChoice::Never),
            (
                "kmembuild --color=never runc --color always",
                ColourChoice::Always,
            ),
            ("kmembuild --color=pink doctor --color", ColourChoice::Auto),
            ("kmembuild complete -- --color never", ColourChoice::Auto),
        ] {
            let words: Vec<_> = line.split(' ').map(OsString::from).collect();
            assert_eq!(colour_choice(&words), choice, "{line}");
        }
    }
}
