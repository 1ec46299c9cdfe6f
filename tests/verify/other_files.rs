//! What lies where a program was expected.

use std::fs;

use kmembuild::verify::{Format, inspect};

#[test]
fn other_files_are_called_by_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runc");
    for (bytes, what) in [
        (&b""[..], "an empty file"),
        (b"#!/bin/sh\n", "a script"),
        ("Grüße\n".as_bytes(), "a text file"),
        (&"Grüße".as_bytes()[..3], "a text file"),
        (b"\x1f\x8b\x08\0", "a gzip archive"),
        (&[0; 64], "a file of zeros"),
        (b"\x7fEL", "data of an unknown kind"),
        (b"\xff\xfe\x01", "data of an unknown kind"),
    ] {
        fs::write(&path, bytes).unwrap();
        let what = what.to_owned();
        let format = inspect(&path).unwrap().format;
        assert_eq!(format, Format::NotElf { what });
    }
}
