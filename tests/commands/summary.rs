//! The table at the end of a release.

use kmembuild::report::Summary;

#[test]
fn a_cell_stays_a_cell() {
    let summary = Summary {
        head: vec!["target", "result"],
        rows: vec![vec!["a|b".to_owned(), "failed\nbadly <b>".to_owned()]],
    };
    assert_eq!(
        summary.markdown("Release"),
        "### Release\n\n| target | result |\n| --- | --- |\n| a\\|b | failed<br>badly &lt;b> |\n"
    );
    assert!(summary.table(1, 120).to_string().contains("a|b"));
}
