//! A real browser, which draws pages and says what is wrong with them.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::preflight::installed;

/// Runs the browser on a page to its end; returns what it printed.
pub fn browse(folder: &Path, words: &[&str]) -> String {
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

/// The colours of a picture of a page, 1400 pixels high.
pub fn colours(folder: &Path, page: &str, width: u32, dark: bool) -> HashSet<[u8; 3]> {
    let size = format!("--window-size={width},1400");
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
    assert_eq!((info.width, info.height), (width, 1400));
    let pixels = bytes.chunks_exact(info.color_type.samples());
    pixels.map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
}

/// The document of a page of that width after `script` has run in a copy of it without its policy, which allows none.
pub fn asked(folder: &Path, page: &str, width: u32, script: &str) -> String {
    let text = fs::read_to_string(folder.join(page)).expect("the page");
    let (policy, _) = text
        .split_once("<meta http-equiv")
        .expect("a policy")
        .1
        .split_once('>')
        .expect("its end");
    let copy = text
        .replace(&format!("<meta http-equiv{policy}>"), "")
        .replace("</body>", &format!("<script>{script}</script></body>"));
    fs::write(folder.join("asked.html"), copy).expect("written");
    let size = format!("--window-size={width},1000");
    browse(folder, &[&size, "--dump-dom", "asked.html"])
}
