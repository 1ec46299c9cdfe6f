//! Names of programs in a text.

/// What a login prints before the output of a command: `kernel version 3.10.0-1160.el7.x86_64`. No recipe builds it.
pub(super) const OF_THE_SYSTEM: [&str; 4] = ["kernel", "linux", "os", "system"];

/// Whether it is the name of a program, and not the beginning of a sentence.
pub(super) fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    !text.is_empty() && text.chars().all(allowed)
}
