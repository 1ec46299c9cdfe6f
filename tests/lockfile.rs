//! What has changed since a lock file was written.

use kmembuild::engine::ImageContent;
use kmembuild::lockfile::{LockedImage, LockedSource, Lockfile};

fn sample() -> Lockfile {
    let mut lockfile = Lockfile::default();
    lockfile.recipes.insert("runc".to_owned(), "a".to_owned());
    lockfile
        .patches
        .insert("runc/x.patch".to_owned(), "b".to_owned());
    let source = LockedSource {
        urls: vec!["https://example.org/runc".to_owned()],
        commit: "c".repeat(40),
        tree: "d".repeat(40),
    };
    let sources = lockfile.sources.entry("runc".to_owned()).or_default();
    sources.insert("v1.0.0-rc10".to_owned(), source);
    let image = LockedImage {
        config: "sha256:e".to_owned(),
        content: ImageContent {
            layers: vec!["sha256:f".to_owned()],
            environment: Vec::new(),
            architecture: "amd64".to_owned(),
        },
        manifests: Vec::new(),
    };
    lockfile.images.insert("golang:1.12".to_owned(), image);
    lockfile
}

type Change = fn(&mut Lockfile);

#[test]
fn each_kind_of_input_is_watched() {
    let locked = sample();
    assert_eq!(locked.drift(&sample()), []);
    let changes: [(&str, Change); 4] = [
        ("the recipe runc", |found| {
            found.recipes.insert("runc".to_owned(), "z".to_owned());
        }),
        ("the patch runc/x.patch", |found| {
            let sha256 = found.patches.get_mut("runc/x.patch");
            "z".clone_into(sha256.expect("a patch"));
        }),
        ("the source v1.0.0-rc10 of runc", |found| {
            let source = found.sources.get_mut("runc").expect("a recipe");
            let source = source.get_mut("v1.0.0-rc10").expect("a source");
            source.commit = "z".repeat(40);
        }),
        ("the image golang:1.12", |found| {
            let image = found.images.get_mut("golang:1.12").expect("an image");
            image.content.layers.push("sha256:z".to_owned());
        }),
    ];
    for (what, change) in changes {
        let mut found = sample();
        change(&mut found);
        let drift = locked.drift(&found);
        assert_eq!(drift.len(), 1, "{drift:?}");
        assert_eq!(drift[0].what, what);
        let name = what.split(' ').nth(2).expect("a name");
        let updated = locked.updated(name, &found).expect("known");
        assert_eq!(updated.drift(&found), []);
    }
}

#[test]
fn where_it_came_from_and_what_is_not_asked_for_do_not_matter() {
    let locked = sample();
    let mut found = Lockfile::default();
    assert_eq!(locked.drift(&found), []);
    found = sample();
    let image = found.images.get_mut("golang:1.12").expect("an image");
    image.config = "sha256:other".to_owned();
    image.manifests.push("mirror/golang@sha256:x".to_owned());
    assert_eq!(locked.drift(&found), []);
    assert_eq!(locked.updated("v9", &found), None);
}
