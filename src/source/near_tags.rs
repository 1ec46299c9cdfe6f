//! Suggests tags for a mistyped one.

use crate::recipe::{bare, natural_order};

/// Up to three of `tags` that are most similar to `wanted`, best first.
pub(super) fn nearest<'a>(wanted: &str, tags: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut near: Vec<(usize, &str)> = tags
        .map(|tag| {
            let distance = strsim::damerau_levenshtein(bare(wanted), bare(tag));
            (distance, tag)
        })
        // If more than half differs, it is another name and not a typing error.
        .filter(|(distance, _)| *distance * 2 <= wanted.len().max(2))
        .collect();
    near.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| natural_order(a.1, b.1)));
    near.truncate(3);
    near.into_iter().map(|(_, tag)| tag.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_tags_are_slips_only() {
        let tags = ["v1.0.0-rc1", "v1.0.0-rc10", "v1.0.0-rc90", "nightly"];
        let near = nearest("v1.0.0-rc11", tags.into_iter());
        assert_eq!(near[..2], ["v1.0.0-rc1", "v1.0.0-rc10"]);
        assert!(!near.contains(&"nightly".to_owned()));
    }
}
