//! What the release and the command line of a kernel say.

/// What is known about a kernel release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// It leaks a memory cgroup for every container for which accounting was turned on.
    Affected,
    /// Between those that leak and those that do not.
    Unclear,
    /// It does not leak in this way.
    NotAffected,
}

impl Kernel {
    /// Judges a release by its number: 3.x is affected, 4.0 to 4.3 is unclear, later releases are not affected. A release
    /// without a number, or older than 3, is unclear.
    pub fn of(release: &str) -> Self {
        match release_numbers(release) {
            Some((3, _)) => Self::Affected,
            Some((4, 0..=3)) => Self::Unclear,
            Some((4.., _)) => Self::NotAffected,
            _ => Self::Unclear,
        }
    }
}

/// Whether a kernel of this release accounts kernel memory in every memory cgroup of version 1 by itself, unless
/// `cgroup.memory=nokmem` is set. Kernel 4.6 began to ("mm: memcontrol: enable kmem accounting for all cgroups in the
/// legacy hierarchy"); before, accounting was off in a cgroup until a program set a limit.
pub fn accounts_by_itself(release: &str) -> bool {
    release_numbers(release).is_some_and(|numbers| numbers >= (4, 6))
}

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
    use super::{accounts_by_itself, has_no_kmem};

    #[test]
    fn kernels_account_by_themselves_from_4_6_on() {
        for release in [
            "4.6.0",
            "4.14.35-1902.el7uek.x86_64",
            "4.18.0-80.el8",
            "5.4.278-1.el7.elrepo.x86_64",
            "6.18.44",
        ] {
            assert!(accounts_by_itself(release), "{release}");
        }
        for release in [
            "3.10.0-1160.el7.x86_64",
            "4.1.12-124.el7uek.x86_64",
            "4.4.0-210-generic",
            "4.5.7",
            "strange",
            "",
        ] {
            assert!(!accounts_by_itself(release), "{release}");
        }
    }

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
