//! The page of `kmembuild kmem watch` and `kmem report` in a real browser.

use std::path::Path;

use crate::support::browser::{self, colours};
use crate::support::command::Workplace;

/// Colours of the page, in light and dark: the curves of this watch and of the one before, the line of the limit, and the
/// paper.
const LIGHT: [[u8; 3]; 4] = [
    [0x05, 0x50, 0xae],
    [0xbc, 0x4c, 0x00],
    [0xa4, 0x0e, 0x26],
    [0xff, 0xff, 0xff],
];
const DARK: [[u8; 3]; 4] = [
    [0x58, 0xa6, 0xff],
    [0xf0, 0x88, 0x3e],
    [0xff, 0x7b, 0x72],
    [0x0d, 0x11, 0x17],
];

#[test]
fn a_browser_draws_both_curves_in_light_and_dark_on_wide_and_narrow_screens() {
    let workplace = Workplace::new();
    let mut before = "format,time,slab_caches,memory_cgroups,cgroups_found,cgroups_without_processes,cgroups_on,kernel_memory_bytes\n".to_owned();
    for minute in 0..60 {
        before += &format!(
            "1,2020-03-01T10:{minute:02}:00Z,{},{},90,8,7,{}\n",
            400 + 90 * minute,
            20 + 9 * minute,
            minute << 20
        );
    }
    workplace.write("before.csv", &before);
    let watch = [
        "kmem",
        "watch",
        "--interval",
        "300ms",
        "--count",
        "4",
        "--csv",
        "now.csv",
    ];
    workplace
        .run(
            &[
                &watch[..],
                &["--html", "now.html", "--compare", "before.csv"],
            ]
            .concat(),
        )
        .code(0);

    let folder = workplace.path();
    for (width, dark) in [(1200, false), (1200, true), (400, false), (400, true)] {
        let found = colours(folder, "now.html", width, dark);
        let (wanted, other) = if dark { (DARK, LIGHT) } else { (LIGHT, DARK) };
        for colour in wanted {
            assert!(
                found.contains(&colour),
                "{width} {dark}: {colour:02x?} is not drawn"
            );
        }
        assert!(!found.contains(&other[0]), "{width} {dark}");
    }

    for width in [360, 400, 700, 1200, 1600] {
        let said = asked(&workplace, "now.html", width);
        // The earlier watch has all figures, over the whole width; this machine may not know its slab caches. A second
        // beside an hour has a picture of its own.
        for counted in [
            "figures=\"8\"",
            "curves=\"4\"",
            "over=\"0\"",
            "out=\"0\"",
            "close=\"0\"",
        ] {
            assert!(
                said.contains(&format!("data-{counted}")),
                "{width}: {counted}\n{said}"
            );
        }
        assert!(
            said.contains("data-now=\"3\"") || said.contains("data-now=\"4\""),
            "{width}: what is new is not drawn\n{said}"
        );
    }
}

/// The page with the answers of a script, that only this test puts into a copy: whether something sticks out of the page,
/// how many pictures and curves are drawn, how many numbers of the table are off the screen, and how many times of an axis
/// touch the next one.
fn asked(workplace: &Workplace, page: &str, width: u32) -> String {
    let script = "b.figures = all('svg').filter(s => box(s).height > 100).length; \
        b.curves = all('path.before:not(.band)').filter(p => p.getTotalLength() >= 990).length; \
        b.now = all('path.now:not(.band)').filter(p => p.getTotalLength() > 0).length; \
        b.out = all('td').filter(t => box(t).right > innerWidth || box(t).left < 0 || box(t).width < 20).length; \
        b.close = all('.x').map(x => all('span', x).map(box).filter(t => t.width > 0)) \
            .flatMap(ts => ts.slice(1).filter((t, i) => t.left < ts[i].right + 2)).length; \
        b.limit = all('.area span').map(s => s.textContent).join();";
    browser::asked(workplace.path(), page, width, script)
}

#[test]
fn a_recording_that_is_drawn_later_fits_every_screen() {
    let workplace = Workplace::new();
    for (name, limit) in [
        ("creeping", "data-limit=\"limit: 65,535\""),
        ("fast", "data-limit=\"limit: 65,535, far above\""),
    ] {
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/kmem/{name}.csv"));
        let file = file.display().to_string();
        let words = ["kmem", "report", &file, "--html", "page.html"];
        workplace.run(&words).code(0);
        for (width, dark) in [(1200, false), (1200, true), (400, false), (400, true)] {
            let found = colours(workplace.path(), "page.html", width, dark);
            let [now, before, limit, paper] = if dark { DARK } else { LIGHT };
            for colour in [now, limit, paper] {
                assert!(
                    found.contains(&colour),
                    "{name} {width} {dark}: {colour:02x?}"
                );
            }
            // There is nothing to compare with.
            assert!(!found.contains(&before), "{name} {width} {dark}");
        }
        for width in [360, 400, 700, 1200] {
            let said = asked(&workplace, "page.html", width);
            for told in [
                "data-figures=\"4\"",
                "data-now=\"4\"",
                "data-over=\"0\"",
                "data-out=\"0\"",
                "data-close=\"0\"",
                limit,
            ] {
                assert!(said.contains(told), "{name} {width}: {told}\n{said}");
            }
        }
    }
}

#[test]
fn long_names_push_nothing_off_the_screen() {
    let workplace = Workplace::new();
    let file = |name: &str| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = root.join(format!("tests/fixtures/kmem/{name}.csv"));
        file.display().to_string()
    };
    let (slow, jobs) = (file("slow"), file("jobs"));
    let (words, unbroken) = ("runc of the vendor ".repeat(8), "x".repeat(150));
    let words = [
        "kmem",
        "report",
        &slow,
        &jobs,
        "--html",
        "page.html",
        "--label",
        &words,
        "--label",
        &unbroken,
    ];
    workplace.run(&words).code(0);
    for width in [360, 700, 1000, 1200] {
        let said = asked(&workplace, "page.html", width);
        // Twelve hours and four have one picture.
        for told in [
            "data-figures=\"4\"",
            "data-curves=\"4\"",
            "data-now=\"4\"",
            "data-over=\"0\"",
            "data-out=\"0\"",
            "data-close=\"0\"",
        ] {
            assert!(said.contains(told), "{width}: {told}\n{said}");
        }
    }
}
