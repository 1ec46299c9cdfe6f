//! The page of a release in a real browser.

use crate::scripted::place::{Place, script_with_make};
use crate::support::browser::{asked, colours};
use crate::support::scripted_engine::{Ending, Step};

/// Colours of a failure, of the lane of an image, and of the text, in light and dark.
const LIGHT: [[u8; 3]; 3] = [[0xcf, 0x22, 0x2e], [0xbc, 0x4c, 0x00], [0x1f, 0x23, 0x28]];
const DARK: [[u8; 3]; 3] = [[0xff, 0x7b, 0x72], [0xf0, 0x88, 0x3e], [0xe6, 0xed, 0xf3]];

#[test]
fn a_browser_draws_a_release_in_light_and_dark_on_wide_and_narrow_screens() {
    let failing = Step::says(&["error: it does not compile"], Ending::Exit(2));
    let place = Place::with(script_with_make(failing));
    place.workplace.write(
        "release.yaml",
        "format: 1\ndefaults: {options: {source: [upstream], unpinned: true, verify-run: false}}\n\
         targets: [{recipe: tool, versions: [v1.0.0, v2.0.0]}]\n",
    );
    place.run(&["release", "--jobs", "1"]).code(14);
    let folder = place.workplace.path().join("dist");
    for (width, dark) in [(1200, false), (1200, true), (400, false), (400, true)] {
        let found = colours(&folder, "index.html", width, dark);
        for colour in if dark { DARK } else { LIGHT } {
            assert!(
                found.contains(&colour),
                "{width} {dark}: {colour:02x?} is not drawn"
            );
        }
    }
    for width in [400, 700, 1600] {
        let said = asked(
            &folder,
            "index.html",
            width,
            "b.bars = all('.lane:not(.axis) .bar span').filter(s => box(s).width > 1).length; \
             b.open = all('details[open]').length;",
        );
        assert!(
            said.contains("data-over=\"0\""),
            "{width}: something sticks out\n{said}"
        );
        // Of the failed one: its source, its image, the steps configure and make; v2.0.0 has its source only.
        assert!(said.contains("data-bars=\"5\""), "{width}: {said}");
        assert!(said.contains("data-open=\"1\""), "{width}: {said}");
    }
}
