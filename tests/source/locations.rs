//! URLs and paths of repositories.

use kmembuild::source::{local_folder, redacted};

#[test]
fn urls_and_paths_are_told_apart() {
    for remote in [
        "https://example.org/a",
        "git@example.org:a/b.git",
        "ssh://git@example.org:22/a",
        "git://example.org/a",
    ] {
        assert_eq!(local_folder(remote), None, "{remote}");
    }
    for (local, folder) in [
        ("/a/b", "/a/b"),
        ("./a:b", "./a:b"),
        ("../a", "../a"),
        ("a", "a"),
        ("file:///a%20b", "/a b"),
    ] {
        assert_eq!(local_folder(local), Some(folder.into()), "{local}");
    }
}

#[test]
fn passwords_are_not_shown() {
    for (written, shown) in [
        ("https://me:secret@example.org/a", "https://example.org/a"),
        ("ssh://git:x@example.org/a", "ssh://git@example.org/a"),
    ] {
        assert_eq!(redacted(written), shown);
    }
}
