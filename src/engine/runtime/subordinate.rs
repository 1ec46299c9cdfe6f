//! The ids that an administrator has given a user for namespaces: `/etc/subuid` and `/etc/subgid`.

use std::path::Path;
use std::process::Command;

use rustix::process::geteuid;

use crate::engine::error::EngineError;
use crate::regular_file;

/// Ids that are required besides the user's own: those that systems use, up to `nobody`.
const REQUIRED: u64 = 65_534;
/// Most ids of a namespace: those beyond are no owners of images.
const MOST: u64 = 1 << 30;
/// Most ranges of one user; the kernel takes 340.
const MOST_RANGES: usize = 32;
/// Largest file in bytes.
const LARGEST: u64 = 4 << 20;
/// The first id that is given to users where none has been.
const FIRST: u64 = 100_000;
/// The number of ids that is usually given, which are enough.
const USUAL: u64 = 65_536;

/// Whose ids.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    User,
    Group,
}

impl Kind {
    fn file(self) -> &'static str {
        match self {
            Self::User => "/etc/subuid",
            Self::Group => "/etc/subgid",
        }
    }
}

/// The ids of a namespace whose root is `own` outside, and which has this user's subordinate ids for the others:
/// `inside:outside:count`, by commas.
pub(super) fn ranges(kind: Kind, own: u32) -> Result<String, EngineError> {
    let text = text_of(kind);
    let user = geteuid().as_raw();
    let name = user_name().unwrap_or_else(|| user.to_string());
    let lines = listed(&text);
    let names = [name.clone(), user.to_string()];
    let given = lines
        .iter()
        .filter(|line| names.iter().any(|name| *name == line.0));
    let mut map = vec![format!("0:{own}:1")];
    let mut next = 1;
    for (_, begin, count) in given.take(MOST_RANGES) {
        let count = (*count).min(MOST - next);
        if count > 0 {
            map.push(format!("{next}:{begin}:{count}"));
            next += count;
        }
    }
    if next > REQUIRED {
        return Ok(map.join(","));
    }
    // The same ids are free for users and for groups.
    let (users, groups) = (text_of(Kind::User), text_of(Kind::Group));
    let all = [listed(&users), listed(&groups)].concat();
    let ends = all
        .iter()
        .map(|(_, begin, count)| begin.saturating_add(*count));
    let first = ends.max().unwrap_or(FIRST).max(FIRST);
    Err(EngineError::NoSubordinateIds {
        user: name,
        file: kind.file(),
        found: next - 1,
        first,
        last: first + USUAL - 1,
    })
}

/// The file of that kind; empty where there is none.
fn text_of(kind: Kind) -> String {
    let text = regular_file::read(Path::new(kind.file()), LARGEST).unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}

/// The lines of such a file: user, first id, number of ids.
fn listed(text: &str) -> Vec<(&str, u64, u64)> {
    let lines = text.lines().filter_map(|line| {
        let mut fields = line.trim().split(':');
        let (name, begin, count) = (fields.next()?, fields.next()?, fields.next()?);
        let (begin, count): (u32, u32) = (begin.parse().ok()?, count.parse().ok()?);
        // Nobody gives out the ids of the system's own users, and root's least of all.
        (begin > 0).then_some((name, begin.into(), count.into()))
    });
    lines.collect()
}

/// What this user is called, wherever users are listed.
fn user_name() -> Option<String> {
    let output = Command::new("id").arg("-un").output().ok()?;
    let name = String::from_utf8(output.stdout).ok()?;
    let name = name.trim();
    (output.status.success() && !name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn what_is_no_range_is_none() {
        let text = "builder:100000:65536\n\n# comment\n1000:200000:65536\nbad:x:1\nroot:0:65536\nhuge:1:99999999999\n";
        let expected = [("builder", 100_000, 65_536), ("1000", 200_000, 65_536)];
        assert_eq!(listed(text), expected);
    }
}
