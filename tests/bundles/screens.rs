//! The whole screens of a bundle: how it is made, and built from.

use std::fs;

use super::place::OpenPlace;
use crate::scripted::screens::{with_zeroes, without_marks};
use crate::support::golden::assert_golden;
use crate::support::terminal::Terminal;

/// What a command leaves on a terminal, each time with nothing there but the release file, its lock and the caches.
fn show(place: &OpenPlace, words: &[&str], columns: usize, colour: bool) -> String {
    for entry in fs::read_dir(place.workplace.path())
        .expect("a directory")
        .flatten()
    {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.contains("oci.tar") && !words.contains(&"release") {
            fs::remove_file(entry.path()).expect("removed");
        } else if name == "dist" {
            fs::remove_dir_all(entry.path()).expect("removed");
        }
    }
    let program = [env!("CARGO_BIN_EXE_kmembuild")];
    let words = words.iter().copied().chain(["--runtime", "crun"]);
    let line = shlex::try_join(program.into_iter().chain(words)).expect("words");
    let no_colour = if colour { "" } else { "NO_COLOR=1 " };
    let (code, terminal) = Terminal::run(&place.workplace, columns, &format!("{no_colour}{line}"));
    let shown = if colour {
        terminal.marked()
    } else {
        terminal.plain()
    };
    assert_eq!(code, 0, "{shown}");
    let address = place.image.split('/').next().expect("an address");
    let zero = |c: char| c.is_ascii_digit();
    let (host, port) = address.split_once(':').expect("a port");
    let shown = shown.replace(address, &format!("{host}:{}", port.replace(zero, "0")));
    let shown = shown.replace(place.commit(0), &"0".repeat(40));
    with_zeroes(&shown)
}

fn check(place: &OpenPlace, name: &str, words: &[&str]) {
    let mut text = format!("$ kmembuild {}\n", words.join(" "));
    for columns in [80, 120] {
        let plain = show(place, words, columns, false);
        let coloured = show(place, words, columns, true);
        assert_eq!(without_marks(&coloured), plain, "{name}");
        text += &format!("\n-- {columns} columns\n{plain}");
        text += &format!("\n-- {columns} columns, in colour\n{coloured}");
    }
    assert_golden("screens", name, &text);
}

#[test]
fn a_bundle_is_made_and_built_from() {
    let place = OpenPlace::new();
    check(&place, "bundle-dry-run", &["bundle", "--dry-run"]);
    check(&place, "bundle", &["bundle"]);
    let from = ["release", "--bundle", "release.oci.tar", "--no-cache"];
    place.run(&from).code(0);
    check(&place, "release-of-a-bundle", &from);
}
