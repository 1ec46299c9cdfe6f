//! Versions of Debian packages in dpkg's order.

use std::cmp::Ordering;

/// Compares two versions of a Debian package as dpkg does: epoch, upstream's version, revision; in each, letters before
/// other characters, a tilde before everything, even the end, and numbers as numbers.
pub fn debian_order(left: &str, right: &str) -> Ordering {
    let ((left_epoch, left), (right_epoch, right)) = (epoch(left), epoch(right));
    let ((left, left_revision), (right, right_revision)) = (revision(left), revision(right));
    part_order(left_epoch, right_epoch)
        .then_with(|| part_order(left, right))
        .then_with(|| part_order(left_revision, right_revision))
}

fn epoch(version: &str) -> (&str, &str) {
    version.split_once(':').unwrap_or(("0", version))
}

/// No revision is the same as 0.
fn revision(version: &str) -> (&str, &str) {
    version.rsplit_once('-').unwrap_or((version, "0"))
}

fn part_order(mut left: &str, mut right: &str) -> Ordering {
    while !left.is_empty() || !right.is_empty() {
        let (left_text, left_rest) = split(left, |c| !c.is_ascii_digit());
        let (right_text, right_rest) = split(right, |c| !c.is_ascii_digit());
        let (left_number, left_rest) = split(left_rest, |c| c.is_ascii_digit());
        let (right_number, right_rest) = split(right_rest, |c| c.is_ascii_digit());
        let order =
            text_order(left_text, right_text).then_with(|| number_order(left_number, right_number));
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    Ordering::Equal
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at(end)
}

fn text_order(left: &str, right: &str) -> Ordering {
    // The end stands between the tilde and everything else.
    let weigh = |c: char| match c {
        '~' => (0, c),
        c if c.is_ascii_alphabetic() => (2, c),
        c => (3, c),
    };
    let end = std::iter::once((1, ' '));
    let left = left.chars().map(weigh).chain(end.clone());
    left.cmp(right.chars().map(weigh).chain(end))
}

/// Any number of digits.
fn number_order(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::debian_order;

    #[test]
    fn versions_of_packages_are_in_the_order_of_dpkg() {
        let in_order = [
            "1.0.0~rc92.425.g7e3c3e8c+ds1-1",
            "1.0.0~rc93+ds1-2",
            "1.0.0~rc93+ds1-5",
            "1.0.0~rc93+ds1-5+deb11u1",
            "1.0.0~rc93+ds1-5+deb11u2",
            "1.0.0~rc93+ds1-5+deb11u10",
            "1.0.0~rc93+ds1-10",
            "1.0.0~rc93+ds2-1",
            "1.0.0~rc93.1+ds1-1",
            "1.0.0~rc95+ds1-1",
            "1.0.0-1~bpo11+1",
            "1.0.0-1",
            "1.0.0a-1",
            "1.0.0+ds1-1",
            "1.0.1-1",
            "1.1.5+ds1-1",
            "1.10-1",
            "1:0.1-1",
        ];
        for (index, left) in in_order.iter().enumerate() {
            for (other, right) in in_order.iter().enumerate() {
                let order = debian_order(left, right);
                assert_eq!(order, index.cmp(&other), "{left} {right}");
            }
        }
        for (left, right) in [("1.0", "1.0-0"), ("0:1.0-1", "1.0-1"), ("1.02-1", "1.2-01")] {
            assert!(debian_order(left, right).is_eq(), "{left} {right}");
        }
    }
}
