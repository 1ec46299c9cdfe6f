//! Numbers of things in words, as every output has them.

use std::fmt::Display;

/// `1 file`, `2 files`, `0 repositories`: `count` and its noun, which is given in the singular and has a regular plural.
pub fn number_of<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    if count == N::from(1) {
        return format!("{count} {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) => format!("{count} {stem}ies"),
        None if noun.ends_with("ch") => format!("{count} {noun}es"),
        None => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::number_of;

    #[test]
    fn only_one_is_singular() {
        assert_eq!(number_of(0_usize, "file"), "0 files");
        assert_eq!(number_of(1_u64, "repository"), "1 repository");
        assert_eq!(number_of(2_u32, "repository"), "2 repositories");
        assert_eq!(number_of(2_u32, "patch"), "2 patches");
    }
}
