//! What a misspelt word was probably meant to be.

/// The name in `known` that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // Below this likeness a suggestion is a guess that sends people the wrong way.
    const ALIKE: f64 = 0.75;
    const SLIP: f64 = 0.99;
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            let known = candidate.to_lowercase();
            // One letter too many, too few, wrong or in the place of the next one, which counts for much in a short word.
            let slipped = word.len() > 2 && strsim::osa_distance(&word, &known) == 1;
            let likeness = strsim::jaro_winkler(&word, &known);
            (
                if slipped {
                    likeness.max(SLIP)
                } else {
                    likeness
                },
                candidate,
            )
        })
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}
