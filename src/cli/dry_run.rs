//! What follows a dry run.

use crate::environment::Environment;

/// The words of the command line without `--dry-run`: the command that does what was only shown.
pub(super) fn real_run(environment: &Environment) -> Vec<String> {
    let words = environment.arguments.iter().skip(1);
    let words = words.map(|word| word.to_string_lossy().into_owned());
    words.filter(|word| word != "--dry-run").collect()
}
