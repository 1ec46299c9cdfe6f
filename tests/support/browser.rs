//! A real browser, which draws pages and says what is wrong with them.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::preflight::installed;

/// Runs the browser on a page to its end; returns what it printed.
fn browse(folder: &Path, words: &[&str]) -> String {
    let fonts = folder.join("fonts.conf");
    fs::write(&fonts, FONTS).expect("written");
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
        .env("FONTCONFIG_FILE", &fonts)
        .output()
        .expect("chromium is needed by this test");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // What the page's own policy refuses is an error of the page.
    assert!(!said.contains("CONSOLE"), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The height of pictures.
const HEIGHT: u32 = 2400;

/// The only fonts of pictures: those of one package, whatever else the machine has.
const FONTS: &str = r#"<?xml version="1.0"?>
<fontconfig>
  <dir>/usr/share/fonts/truetype/dejavu</dir>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias><family>sans</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias><family>system-ui</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <match><edit name="family" mode="append_last"><string>DejaVu Sans</string></edit></match>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"#;

/// A picture of a page.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    /// Red, green and blue, row by row.
    pub pixels: Vec<[u8; 3]>,
}

/// The picture of a page on a screen of that width.
pub fn picture(folder: &Path, page: &str, width: u32, dark: bool) -> Picture {
    let size = format!("--window-size={width},{HEIGHT}");
    let scheme: &[&str] = if dark {
        &["--force-dark-mode", "--enable-features=WebUIDarkMode"]
    } else {
        &[]
    };
    browse(
        folder,
        &[scheme, &[&size, "--screenshot=page.png", page]].concat(),
    );
    let file = fs::File::open(folder.join("page.png")).expect("a picture");
    let mut picture = png::Decoder::new(std::io::BufReader::new(file))
        .read_info()
        .expect("a picture");
    let mut bytes = vec![0; picture.output_buffer_size().expect("a size")];
    let info = picture.next_frame(&mut bytes).expect("a whole picture");
    assert_eq!((info.width, info.height), (width, HEIGHT));
    let pixels = bytes.chunks_exact(info.color_type.samples());
    let pixels_of = |length: u32| usize::try_from(length).expect("a side");
    Picture {
        width: pixels_of(info.width),
        height: pixels_of(info.height),
        pixels: pixels.map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
    }
}

/// The colours of a picture of a page.
pub fn colours(folder: &Path, page: &str, width: u32, dark: bool) -> HashSet<[u8; 3]> {
    picture(folder, page, width, dark)
        .pixels
        .into_iter()
        .collect()
}

/// What `script`, which only this puts into a copy of a page without the policy that allows none, answers for a screen of
/// that width: the values of `b`, as attributes `data-NAME="VALUE"`. `all` finds elements, `box` measures one. `b.over` is
/// how far something sticks out to the right.
pub fn asked(folder: &Path, page: &str, width: u32, script: &str) -> String {
    let text = fs::read_to_string(folder.join(page)).expect("the page");
    let (policy, _) = text
        .split_once("<meta http-equiv")
        .expect("a policy")
        .1
        .split_once('>')
        .expect("its end");
    let script = format!(
        "<script>const b = {{}}; \
         const all = (of, where) => [...(where || document).querySelectorAll(of)]; \
         const box = e => e.getBoundingClientRect(); \
         b.width = innerWidth; \
         b.over = document.documentElement.scrollWidth - innerWidth; \
         {script} \
         parent.postMessage(b, '*');</script></body>"
    );
    let copy = text
        .replace(&format!("<meta http-equiv{policy}>"), "")
        .replace("</body>", &script);
    fs::write(folder.join("asked.html"), copy).expect("written");
    // In a frame, as a window is never that narrow.
    let frame = format!(
        "<body><iframe src=\"asked.html\" style=\"border: 0; width: {width}px; height: 1000px\"></iframe>\
         <script>onmessage = e => Object.assign(document.body.dataset, e.data)</script></body>"
    );
    fs::write(folder.join("frame.html"), frame).expect("written");
    let words = [
        "--window-size=1700,1100",
        "--virtual-time-budget=5000",
        "--dump-dom",
        "frame.html",
    ];
    let said = browse(folder, &words);
    let width = format!("data-width=\"{width}\"");
    assert!(said.contains(&width), "{width}\n{said}");
    said
}
