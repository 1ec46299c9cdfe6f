//! Text that is made harmless.

use kmembuild::harmless::harmless;

#[test]
fn what_acts_is_replaced_and_the_rest_stays() {
    for (text, expected) in [
        (
            "plain, with\ttabs\nand lines\n",
            "plain, with\ttabs\nand lines\n",
        ),
        ("std::vec is no command", "std::vec is no command"),
        ("äöü 日本 🦀", "äöü 日本 🦀"),
        ("\u{1b}[2J", "\u{fffd}[2J"),
        (
            "a\u{9b}2J\u{7f}\r\u{0}",
            "a\u{fffd}2J\u{fffd}\u{fffd}\u{fffd}",
        ),
        (
            "a\u{202e}b\u{2066}c\u{2028}d",
            "a\u{fffd}b\u{fffd}c\u{fffd}d",
        ),
        ("::error::x", "\u{fffd}::error::x"),
        ("ok\n  ::add-mask::y\n", "ok\n  \u{fffd}::add-mask::y\n"),
        ("a ##[group]b", "a ##\u{fffd}[group]b"),
    ] {
        assert_eq!(harmless(text), expected, "{text:?}");
    }
}
