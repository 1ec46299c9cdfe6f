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

use super::command::Finished;

/// What differs from run to run, and what stands for it.
const VARYING: [(&str, &str); 8] = [
    (r"\d+\.\d s\b", "[time]"),
    (r"[0-9a-f]{64}", "[sha256]"),
    (r"\d+ bytes", "[size] bytes"),
    (r"\d+\.\d [KMG]iB", "[size]"),
    (r"at byte \d+", "at byte [place]"),
    // The widths of columns.
    (r" {2,}", "  "),
    (r"─+", "───"),
    (r"═+", "═══"),
];

/// Asserts that what a command wrote is what the golden file `folder/name.snap` holds. Of `known`, the first stand in the
/// file as the second.
#[track_caller]
pub fn assert_screen(folder: &str, name: &str, finished: Finished, known: &[(&str, &str)]) {
    let Finished { stdout, stderr, .. } = finished;
    let mut text = format!("-- standard error\n{stderr}-- standard output\n{stdout}");
    for (old, new) in known {
        text = text.replace(old, new);
    }
    insta::with_settings!({ filters => VARYING }, {
        assert_golden(folder, name, &text);
    });
}

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
