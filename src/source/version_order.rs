use std::cmp::Ordering;

/// Orders tags as people do: numbers by value, a pre-release (`-rc1`) before its release.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (mut a, mut b) = (unprefixed(left), unprefixed(right));
    loop {
        match (a.is_empty(), b.is_empty()) {
            (true, true) => return left.cmp(right),
            // What follows decides: `-rc1` makes it earlier, `.1` later.
            (true, false) => return shorter_against(b),
            (false, true) => return shorter_against(a).reverse(),
            (false, false) => {}
        }
        let (part_a, part_b) = (first_part(a), first_part(b));
        let order = match (number(part_a), number(part_b)) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => part_a.cmp(part_b),
        };
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (&a[part_a.len()..], &b[part_b.len()..]);
    }
}

/// Up to three of `tags` that look most like `wanted`, best first.
pub(super) fn nearest<'a>(wanted: &str, tags: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut near: Vec<(usize, &str)> = tags
        .map(|tag| {
            let distance = strsim::damerau_levenshtein(unprefixed(wanted), unprefixed(tag));
            (distance, tag)
        })
        // More than half of it different is another name, not a slip.
        .filter(|(distance, _)| *distance * 2 <= wanted.len().max(2))
        .collect();
    near.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| compare(a.1, b.1)));
    near.truncate(3);
    near.into_iter().map(|(_, tag)| tag.to_owned()).collect()
}

fn unprefixed(tag: &str) -> &str {
    tag.strip_prefix('v')
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or(tag)
}

fn shorter_against(rest: &str) -> Ordering {
    if rest.starts_with('-') {
        Ordering::Greater
    } else {
        Ordering::Less
    }
}

/// The digits, or the other characters, that `text` begins with.
fn first_part(text: &str) -> &str {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text
        .find(|c: char| c.is_ascii_digit() != digits)
        .unwrap_or(text.len());
    &text[..end]
}

fn number(part: &str) -> Option<u64> {
    part.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{compare, nearest};

    #[test]
    fn tags_sort_as_people_sort_them() {
        let sorted = [
            "v0.1.1",
            "v1.0.0-rc9",
            "1.0.0-rc10",
            "v1.0.0-rc90",
            "v1.0.0-rc93",
            "v1.0.0",
            "v1.0.3",
            "v1.0.3.1",
            "v1.1.0",
        ];
        let mut tags = sorted;
        tags.reverse();
        tags.sort_by(|a, b| compare(a, b));
        assert_eq!(tags, sorted);
    }

    #[test]
    fn near_tags_are_slips_only() {
        let tags = ["v1.0.0-rc1", "v1.0.0-rc10", "v1.0.0-rc90", "nightly"];
        let near = nearest("v1.0.0-rc11", tags.into_iter());
        assert_eq!(near[..2], ["v1.0.0-rc1", "v1.0.0-rc10"]);
        assert!(!near.contains(&"nightly".to_owned()));
    }
}
