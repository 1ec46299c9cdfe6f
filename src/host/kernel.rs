//! What the release and the command line of a kernel say.

/// The first two numbers of a release such as `3.10.0-1127.el7.x86_64`.
pub(super) fn release_numbers(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    let mut number = || numbers.next()?.parse().ok();
    Some((number()?, number()?))
}

/// Whether the command line turns kernel-memory accounting off for all cgroups, e.g. with `cgroup.memory=nosocket,nokmem`.
pub(super) fn has_no_kmem(command_line: &str) -> bool {
    command_line
        .split_whitespace()
        // The arguments after it are for the first program.
        .take_while(|word| *word != "--")
        .filter_map(|word| word.strip_prefix("cgroup.memory="))
        .any(|values| values.split(',').any(|value| value == "nokmem"))
}

#[cfg(test)]
mod tests {
    use super::has_no_kmem;

    #[test]
    fn the_word_is_found_among_others_and_not_in_others() {
        assert!(has_no_kmem("quiet cgroup.memory=nokmem ro"));
        assert!(has_no_kmem("cgroup.memory=nosocket,nokmem\n"));
        assert!(!has_no_kmem("quiet ro"));
        assert!(!has_no_kmem("cgroup.memory=nosocket"));
        assert!(!has_no_kmem("x.cgroup.memory=nokmem cgroup.memory=nokmemx"));
        assert!(!has_no_kmem("quiet -- cgroup.memory=nokmem"));
    }
}
