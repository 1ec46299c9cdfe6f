//! The page of `kmembuild kmem watch` in a real browser.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::support::command::Workplace;
use crate::support::preflight::installed;

/// Colours of the page's curves, in light and dark: of this watch, and of the one before.
const LIGHT: [[u8; 3]; 2] = [[0x05, 0x50, 0xae], [0xbc, 0x4c, 0x00]];
const DARK: [[u8; 3]; 2] = [[0x58, 0xa6, 0xff], [0xf0, 0x88, 0x3e]];

fn chromium(folder: &Path, words: &[&str]) -> String {
    let output = installed("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--no-first-run",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .args(words)
        .current_dir(folder)
        .env("HOME", folder)
        .output()
        .expect("chromium is needed by this test");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // What the page's own policy refuses is an error of the page.
    assert!(!said.contains("CONSOLE"), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The colours of a picture of the page, and its size.
fn colours(folder: &Path, page: &str, width: u32, more: &[&str]) -> (HashSet<[u8; 3]>, (u32, u32)) {
    let size = format!("--window-size={width},1400");
    chromium(
        folder,
        &[more, &[&size, "--screenshot=page.png", page]].concat(),
    );
    let file = fs::File::open(folder.join("page.png")).expect("a picture");
    let mut picture = png::Decoder::new(std::io::BufReader::new(file))
        .read_info()
        .expect("a picture");
    let mut bytes = vec![0; picture.output_buffer_size().expect("a size")];
    let info = picture.next_frame(&mut bytes).expect("a whole picture");
    let pixels = bytes.chunks_exact(info.color_type.samples());
    (
        pixels.map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
        (info.width, info.height),
    )
}

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
    for (width, dark) in [(1200, false), (1200, true), (500, false), (500, true)] {
        let more: &[&str] = if dark {
            &["--force-dark-mode", "--enable-features=WebUIDarkMode"]
        } else {
            &[]
        };
        let (found, size) = colours(folder, "now.html", width, more);
        assert_eq!(size, (width, 1400));
        for colour in if dark { DARK } else { LIGHT } {
            assert!(
                found.contains(&colour),
                "{width} {dark}: {colour:02x?} is not drawn"
            );
        }
    }

    // Asked by a script that only this test puts into a copy: does anything stick out, and is all of it drawn.
    let page = fs::read_to_string(folder.join("now.html")).expect("the page");
    let script = "<script>const b = document.body.dataset; \
        b.over = document.documentElement.scrollWidth - innerWidth; \
        b.figures = [...document.querySelectorAll('svg')].filter(s => s.getBoundingClientRect().height > 100).length; \
        b.curves = [...document.querySelectorAll('path.before')].filter(p => p.getTotalLength() >= 1000).length; \
        b.now = [...document.querySelectorAll('path.now')].filter(p => p.getTotalLength() > 0).length;</script></body>";
    let (policy, _) = page
        .split_once("<meta http-equiv")
        .expect("a policy")
        .1
        .split_once('>')
        .expect("its end");
    let asked = page
        .replace(&format!("<meta http-equiv{policy}>"), "")
        .replace("</body>", script);
    workplace.write("asked.html", &asked);
    for width in [360, 700, 1600] {
        let size = format!("--window-size={width},1000");
        let said = chromium(folder, &[&size, "--dump-dom", "asked.html"]);
        assert!(
            said.contains("data-over=\"0\""),
            "{width}: something sticks out\n{said}"
        );
        // The earlier watch has all figures, over the whole width; this machine may not know its slab caches.
        for counted in ["data-figures=\"4\"", "data-curves=\"4\""] {
            assert!(said.contains(counted), "{width}: {counted}\n{said}");
        }
        assert!(
            said.contains("data-now=\"3\"") || said.contains("data-now=\"4\""),
            "{width}: what is new is not drawn\n{said}"
        );
    }
}
