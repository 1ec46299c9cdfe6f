//! Options of `node.sh` that a rollout hands on.

use std::str::FromStr;

use thiserror::Error;

/// Options without a value.
const WORDS: [&str; 3] = ["--no-services", "--no-trial", "--other-version"];
/// Options with a path.
const WITH_PATH: [&str; 3] = ["--cgroups", "--kubelet", "--runc"];

/// An option of `node.sh`, as words that are the same for every shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptOption(Vec<String>);

/// A text that is no such option.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{text:?} is not an option of node.sh for a rollout: --no-services, --no-trial, --other-version, --runc=PATH, --kubelet=PATH and --cgroups=PATH are"
)]
pub struct InvalidScriptOption {
    text: String,
}

impl ScriptOption {
    /// The option, and its value where it has one.
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

impl FromStr for ScriptOption {
    type Err = InvalidScriptOption;

    fn from_str(text: &str) -> Result<Self, InvalidScriptOption> {
        if WORDS.contains(&text) {
            return Ok(Self(vec![text.to_owned()]));
        }
        if let Some((option, path)) = text.split_once('=') {
            let is_part = |c: char| c.is_ascii_alphanumeric() || "._-/+@".contains(c);
            let is_path = path.starts_with('/') && path.len() <= 1024 && path.chars().all(is_part);
            if WITH_PATH.contains(&option) && is_path {
                return Ok(Self(vec![option.to_owned(), path.to_owned()]));
            }
        }
        Err(InvalidScriptOption {
            text: text.chars().take(200).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ScriptOption;

    #[test]
    fn only_known_options_with_plain_paths_are_handed_on() {
        let words = |text: &str| text.parse::<ScriptOption>().map(|option| option.0);
        assert_eq!(words("--no-trial"), Ok(vec!["--no-trial".to_owned()]));
        assert_eq!(
            words("--runc=/usr/bin/runc"),
            Ok(vec!["--runc".to_owned(), "/usr/bin/runc".to_owned()])
        );
        for bad in [
            "",
            "--reboot",
            "--rollback",
            "--from=/x",
            "--runc",
            "--runc=x",
            "--runc=/a b",
            "--runc=/$(x)",
            "--runc=/{{x}}",
            "--cgroups=/a;b",
            "--runc=/a'b",
        ] {
            assert!(words(bad).is_err(), "{bad}");
        }
    }
}
