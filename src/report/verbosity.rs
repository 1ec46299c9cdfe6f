//! `--quiet` and `--verbose`.

/// How much is shown while a build runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Warnings only.
    Quiet,
    /// Stages, steps and what went another way than planned.
    Normal,
    /// The output of every step as well.
    Verbose,
}
