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
