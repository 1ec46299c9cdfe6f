//! Text that is made harmless.

use kmembuild::harmless::{harmless, harmless_html, harmless_json, harmless_markdown};
use kmembuild::host::kmem::{Origin, SAMPLE_FORMAT, Sample};
use kmembuild::report::{Series, Watched, json_document, json_line, watch_page};

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

/// Acts in a terminal, in the order of reading, in a CI log, in HTML, in Markdown and in a template.
const MARKED: &str = "\u{1b}[2J\u{9b}2J\u{202e}\r\n::add-mask::x\n##[error]y<img src=x onerror='a'>\"&amp;|`[a](https://example.org)@me www.example.org\\ {table}\u{7f}";

fn is_harmful(c: char) -> bool {
    c == '\u{202e}' || (c.is_control() && c != '\n' && c != '\t')
}

#[test]
fn json_means_the_same_and_does_nothing() {
    let document = std::collections::BTreeMap::from([(MARKED, [MARKED])]);
    for text in [json_document(&document), json_line(&document).unwrap()] {
        assert!(
            !text.contains(is_harmful) && !text.contains("##["),
            "{text}"
        );
        let outside = |line: &str| line.trim_start().starts_with("::");
        assert!(!text.lines().any(outside), "{text}");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        let data = read.get("data").unwrap_or(&read);
        assert_eq!(data[MARKED][0], MARKED);
    }
    for text in ["{\"a\":\"b\"}", "\"äöü 🦀\"", "[]"] {
        assert_eq!(harmless_json(text), text);
    }
}

#[test]
fn html_has_no_markup_of_others() {
    let text = harmless_html(MARKED);
    for what in ["<", ">", "\"", "'", "\n", "##["] {
        assert!(!text.contains(what), "{what:?}: {text}");
    }
    assert!(!text.contains(is_harmful), "{text:?}");
    let origin = Origin {
        host: Some(MARKED.to_owned()),
        kernel: Some(MARKED.to_owned()),
        interval: None,
        tool: Some(MARKED.to_owned()),
    };
    let sample = Sample {
        format: SAMPLE_FORMAT,
        time: jiff::Timestamp::UNIX_EPOCH,
        slab_caches: Some(1),
        memory_cgroups: Some(1),
        cgroups_found: None,
        cgroups_without_processes: None,
        cgroups_on: None,
        kernel_memory_bytes: Some(1),
    };
    let series = Series {
        label: MARKED,
        origin: &origin,
        samples: &[sample],
        live: false,
    };
    let page = watch_page(
        MARKED,
        Watched {
            series,
            earlier: Some(series),
        },
    );
    assert!(
        !page.contains(is_harmful) && !page.contains("##["),
        "{page}"
    );
    assert!(!page.contains("<img"), "{page}");
    assert_eq!(page.matches("<table>").count(), 1, "{page}");
    assert!(page.contains("{table}"), "what is in a text is no place");
}

#[test]
fn markdown_has_no_markup_of_others() {
    let cell = harmless_markdown(MARKED);
    for what in ["<img", "[2J", " [a]", "://", "@", "www.", "##["] {
        assert!(!cell.contains(what) || what == "[2J", "{what:?}: {cell}");
    }
    assert!(
        !cell.contains(is_harmful) && !cell.contains('\n'),
        "{cell:?}"
    );
    let open = cell.match_indices(['|', '[', '`']);
    for (at, sign) in open {
        assert!(cell[..at].ends_with('\\'), "{sign} at {at}: {cell}");
    }
    assert_eq!(
        harmless_markdown("runc/v1.0.0-rc10/linux-amd64"),
        "runc/v1.0.0-rc10/linux-amd64"
    );
}
