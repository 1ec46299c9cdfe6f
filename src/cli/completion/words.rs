//! The words of an unfinished command line.

use std::ffi::OsString;

/// The words of a command line up to the one that is completed.
pub(super) struct Words {
    /// The finished ones.
    pub(super) finished: Vec<String>,
    /// The one that is completed; it may be empty.
    pub(super) current: String,
    /// How much of the current word the shell does not replace: bash breaks `--tag=v1` at the sign.
    pub(super) kept: usize,
}

impl Words {
    /// The words as a shell gives them.
    pub(super) fn new(words: &[OsString]) -> Self {
        let mut joined: Vec<String> = Vec::new();
        let mut kept = 0;
        let mut attach = false;
        for word in words {
            let word = word.to_string_lossy();
            kept = 0;
            match joined.last_mut() {
                Some(last) if word == "=" && last.starts_with("--") && !last.contains('=') => {
                    last.push('=');
                    kept = last.len();
                    attach = true;
                }
                Some(last) if attach => {
                    kept = last.len();
                    last.push_str(&word);
                    attach = false;
                }
                _ => {
                    joined.push(word.into_owned());
                    attach = false;
                }
            }
        }
        let current = joined.pop().unwrap_or_default();
        Self {
            finished: joined,
            current,
            kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Words;

    fn words(words: &[&str]) -> (Vec<String>, String, usize) {
        let words: Vec<_> = words.iter().map(std::ffi::OsString::from).collect();
        let read = Words::new(&words);
        (read.finished, read.current, read.kept)
    }

    #[test]
    fn what_bash_breaks_is_joined() {
        let finished = vec!["runc".to_owned()];
        for (given, current, kept) in [
            (&["runc", ""][..], "", 0),
            (&["runc", "--tag=v1"], "--tag=v1", 0),
            (&["runc", "--tag", "="], "--tag=", 6),
            (&["runc", "--tag", "=", "v1"], "--tag=v1", 6),
        ] {
            assert_eq!(words(given), (finished.clone(), current.to_owned(), kept));
        }
        let whole = (
            vec!["runc".to_owned(), "--tag=v1".to_owned()],
            String::new(),
            0,
        );
        assert_eq!(words(&["runc", "--tag", "=", "v1", ""]), whole);
        assert_eq!(words(&[]), (Vec::new(), String::new(), 0));
    }
}
