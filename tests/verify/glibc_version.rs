//! Versions of the C library.

use kmembuild::verify::GlibcVersion;

fn version(text: &str) -> GlibcVersion {
    text.parse().unwrap()
}

#[test]
fn orders_by_number() {
    let texts = ["2.2.5", "2.3", "2.3.2", "2.17", "2.34"];
    let mut versions: Vec<_> = texts.iter().rev().map(|text| version(text)).collect();
    versions.sort();
    let sorted: Vec<_> = versions.iter().map(ToString::to_string).collect();
    assert_eq!(sorted, texts);
}

#[test]
fn refuses_what_is_no_version() {
    for text in ["", "2", "2.", "2.17.1.1", "2.+1", "PRIVATE", "2.x", " 2.17"] {
        assert!(text.parse::<GlibcVersion>().is_err(), "{text:?}");
    }
    assert_eq!(
        serde_json::from_str::<GlibcVersion>("\"2.17\"").unwrap(),
        version("2.17")
    );
    assert!(serde_json::from_str::<GlibcVersion>("\"new\"").is_err());
}
