//! What is published beside the binaries, and whether a release is what it says.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::place::ReleasePlace;
use crate::support::build_place::entries;
use crate::support::preflight::installed;

const TWO: &str = "
defaults:
  packages: [rpm, deb, tar.zst]
  options: {source: ['{url}'], unpinned: true}
targets:
  - {recipe: '{first}', versions: [v1.0.0-rc9, v1.0.0-rc10]}
";

/// A recipe of which packages can be made.
pub(super) fn place(name: &str) -> ReleasePlace {
    let place = ReleasePlace::new(name, "cp /bin/true out");
    place.change_recipe(
        "images:\n",
        "package:\n  name: kmembuild-test\n  summary: a program of the tests\n  description: for tests\n  license: Apache-2.0\n  homepage: https://example.org/\n  label: nokmem\n  revision: 1000\n  files:\n    - {path: /usr/bin/kmembuild-test, output: out}\n\nimages:\n",
    );
    place
}

pub(super) fn openssl(place: &ReleasePlace, words: &[&str]) {
    let mut command = installed("openssl");
    let output = command
        .args(words)
        .current_dir(place.build.place.path())
        .output();
    let output = output.expect("openssl starts");
    assert!(output.status.success(), "{output:?}");
}

fn flip(file: &Path) {
    let mut bytes = fs::read(file).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    // In its place: the file may be the cache's as well.
    fs::remove_file(file).expect("removed");
    fs::write(file, bytes).expect("written");
}

#[test]
fn a_signed_release_with_packages_is_what_it_says() {
    let place = place("signed");
    place.write(TWO);
    openssl(
        &place,
        &["genpkey", "-algorithm", "ed25519", "-out", "release.key"],
    );
    openssl(
        &place,
        &[
            "pkey",
            "-in",
            "release.key",
            "-pubout",
            "-out",
            "release.pub",
        ],
    );
    place.release(&["--sign-key", "release.key"]).code(0);
    let result = place.result(&place.build.recipe, "v1.0.0-rc10");
    let names = entries(&result);
    for ending in [".rpm", ".deb", ".tar.zst"] {
        assert!(names.iter().any(|name| name.ends_with(ending)), "{names:?}");
    }
    for name in [
        "sbom.cdx.json",
        "provenance.dsse.json",
        "manifest.json",
        "plan.json",
        "build.log",
        "SHA256SUMS",
        "out",
    ] {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }
    let verify = |words: &[&str]| {
        place
            .build
            .place
            .run(&[&["verify", "dist"], words].concat())
    };
    verify(&["--key", "release.pub"]).code(0);
    let again = place.release(&["--sign-key", "release.key"]).code(0);
    assert_eq!(
        again.stderr.matches(": unchanged in").count(),
        2,
        "{again:?}"
    );
    // Unsigned is another release of the same binaries.
    let unsigned = place.release(&["--output", "unsigned"]).code(0);
    assert_eq!(
        unsigned.stderr.matches(": taken from the cache in").count(),
        2,
        "{unsigned:?}"
    );
    place
        .build
        .place
        .run(&["verify", "unsigned", "--key", "release.pub"])
        .code(17);

    let all: Vec<_> = names
        .iter()
        .map(|name| result.join(name))
        .chain(
            [
                "index.json",
                "index.html",
                "SHA256SUMS",
                "SHA256SUMS.minisig",
            ]
            .map(|name| place.build.place.path().join("dist").join(name)),
        )
        .collect();
    for file in all {
        let before = fs::read(&file).expect("a file");
        flip(&file);
        let name = file.file_name().expect("a name").to_string_lossy();
        let found = verify(&["--key", "release.pub"]).code(17);
        assert!(
            found.stdout.contains(&*name),
            "{name} is not named\n{}",
            found.stdout
        );
        fs::remove_file(&file).expect("removed");
        fs::write(&file, before).expect("restored");
    }
    place.build.assert_nothing_is_left();
}

#[test]
fn a_signature_is_for_nothing_that_was_not_signed_before() {
    let place = place("signed-again");
    place.write(TWO);
    let key = |name: &str, kind: &[&str]| {
        let file = format!("{name}.key");
        openssl(
            &place,
            &[&["genpkey", "-out", &file, "-algorithm"], kind].concat(),
        );
        let public = format!("{name}.pub");
        openssl(&place, &["pkey", "-in", &file, "-pubout", "-out", &public]);
        file
    };
    let release_key = key("release", &["ed25519"]);
    let other_key = key("other", &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let dist = place.build.place.path().join("dist");
    let signatures = || {
        let mut names = entries(&dist);
        names.retain(|name| name.starts_with("SHA256SUMS."));
        names
    };
    place.release(&["--sign-key", &release_key]).code(0);
    let part = ["--only", "*rc9", "--sign-key", &release_key];
    place.release(&part).code(0);
    assert_eq!(signatures(), ["SHA256SUMS.minisig"]);

    // What is left alone is not what was signed, or not signed by this key: no part is signed with it.
    let left_alone = place.result(&place.build.recipe, "v1.0.0-rc10");
    let refused = place.release(&["--only", "*rc9", "--sign-key", &other_key]);
    refused.code(17).says("v1.0.0-rc10").says("without --only");
    let before = fs::read(dist.join("SHA256SUMS")).expect("a file");
    let log = left_alone.join("build.log");
    let honest = fs::read(&log).expect("a file");
    flip(&log);
    place.release(&part).code(17).says("build.log");
    assert_eq!(fs::read(dist.join("SHA256SUMS")).expect("a file"), before);
    fs::remove_file(&log).expect("removed");
    fs::write(&log, honest).expect("restored");

    // Another key signs all of it, and in the form that its tools read.
    place.release(&["--sign-key", &other_key]).code(0);
    assert_eq!(signatures(), ["SHA256SUMS.sig"]);
    let verify = |key: &str| place.build.place.run(&["verify", "dist", "--key", key]);
    verify("other.pub").code(0);
    verify("release.pub").code(17);
    let page = include_str!("../../docs/releases.md");
    let (_, rest) = page
        .split_once("it is `SHA256SUMS.sig`, in base64:\n\n")
        .expect("the page");
    let (script, _) = rest.split_once("\n\n").expect("the page");
    let script = script
        .replace("release.pub", "../other.pub")
        .replace("/tmp/", "../");
    let checked = Command::new("sh")
        .args(["-ec", &script])
        .current_dir(&dist)
        .output()
        .expect("sh starts");
    assert!(checked.status.success(), "{checked:?}");
    verify("other.pub").code(0);

    let unsigned = place.release(&[]).code(0);
    unsigned.says("was signed before and is not signed now");
    assert!(signatures().is_empty());
    place.release(&[]).code(0);
    place.build.assert_nothing_is_left();
}

#[test]
fn the_same_inputs_give_the_same_packages_in_another_place() {
    let (one, other) = (place("packages-a"), place("packages-b"));
    let mut published = Vec::new();
    for place in [&one, &other] {
        place.write(TWO);
        place.release(&[]).code(0);
        let result = place.result(&place.build.recipe, "v1.0.0-rc10");
        let mut files: Vec<_> = entries(&result)
            .into_iter()
            .filter(|name| [".rpm", ".deb"].iter().any(|ending| name.ends_with(ending)))
            .map(|name| (fs::read(result.join(&name)).expect("a package"), name))
            .collect();
        files.sort();
        published.push(files);
    }
    assert_eq!(published[0].len(), 2);
    assert!(published[0] == published[1], "packages differ");
}

#[test]
fn a_key_that_cannot_sign_and_a_recipe_without_packages_are_refused_before_anything_is_built() {
    let place = ReleasePlace::new("refused", "cp /bin/true out");
    place.write(TWO);
    openssl(&place, &["genpkey", "-algorithm", "rsa", "-out", "rsa.key"]);
    place
        .release(&["--sign-key", "rsa.key"])
        .code(2)
        .says("rsa.key")
        .says("openssl genpkey");
    let refused = place.release(&[]).code(10);
    refused
        .says("does not describe a package")
        .says("hint: write `packages: []`");
    assert!(!place.result(&place.build.recipe, "v1.0.0-rc10").exists());
}
