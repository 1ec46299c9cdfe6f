//! Golden files: texts that are compared to the byte with those below `tests/golden`.
//!
//! A difference fails the test everywhere. After a change that is meant, one command writes them anew, and `git diff`
//! shows what became of them:
//!
//! ```text
//! INSTA_UPDATE=always INSTA_FORCE_PASS=1 cargo test --test main
//! ```
//!
//! Without it a failed comparison leaves the new text beside the old one as `*.snap.new`, which git ignores.

/// Asserts that `text` is what the golden file `folder/name.snap` holds.
#[track_caller]
pub fn assert_golden(folder: &str, name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => format!("../golden/{folder}"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, text);
    });
}
