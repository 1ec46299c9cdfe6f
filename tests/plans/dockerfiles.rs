//! Images that a Dockerfile begins with.

use kmembuild::facts::base_images;

#[test]
fn a_plain_from_line_is_read() {
    assert_eq!(
        base_images("FROM golang:1.12-stretch\nRUN echo FROM x\n"),
        ["golang:1.12-stretch"]
    );
}

#[test]
fn leading_arguments_are_put_in() {
    let text =
        "ARG GO_VERSION=1.15\nARG BATS=v1\n\nFROM golang:${GO_VERSION}-buster\nARG GO_VERSION=9\n";
    assert_eq!(base_images(text), ["golang:1.15-buster"]);
    assert_eq!(base_images("FROM a:$X\n"), ["a:"]);
    assert_eq!(base_images("ARG X=1\nFROM a:$X-b\n"), ["a:1-b"]);
    assert_eq!(base_images("FROM a:${X:-3}\n"), ["a:3"]);
}

#[test]
fn stages_and_scratch_are_not_pulled() {
    let text = "from --platform=linux/amd64 golang:1 as build\nFROM scratch\nFROM build\nFROM debian:12 AS x\n";
    assert_eq!(base_images(text), ["golang:1", "debian:12"]);
}

#[test]
fn names_do_not_grow_with_what_is_put_in_over_and_over() {
    let (value, uses) = ("a".repeat(1 << 20), "$A".repeat(1 << 18));
    let images = base_images(&format!(
        "ARG A={value}\nFROM {uses}\nFROM x${{B:-{value}}}\n"
    ));
    assert_eq!(
        images.iter().map(String::len).collect::<Vec<_>>(),
        [4096, 4096]
    );
    let many: String = (0..100_000)
        .map(|number| format!("FROM a{number}\n"))
        .collect();
    assert_eq!(base_images(&many).len(), 256);
}
