//! Releases that are made where nobody answers.

use std::fs;

use git2::{Oid, Repository};
use serde_json::Value;

use super::place::{ClosedPlace, OpenPlace, RECIPE, entries, push_image, sum, tool};
use crate::support::build_place::manifest;
use crate::transport::oras;

/// The whole way: a source of a git server, an image of a registry; then neither, nor any route.
#[test]
fn a_release_is_made_of_a_bundle_and_asks_nobody() {
    let open = OpenPlace::new();
    open.run(&["release", "--locked"]).code(0);
    let online = tool(open.workplace.path(), "v1.0.0");
    assert!(
        online.starts_with("int main(void) { return 1; }"),
        "{online}"
    );
    let dry_run = ["bundle", "-o", "closed.oci.tar", "--dry-run"];
    open.run(&dry_run)
        .code(0)
        .prints(&format!("source carried, commit {}\n", open.commit(0)))
        .prints(&format!("image {}\n", open.image))
        .prints("would write closed.oci.tar for ");
    assert!(!open.path("closed.oci.tar").exists());
    let made = open.run(&["bundle", "-o", "closed.oci.tar"]).code(0);
    made.prints("next: kmembuild release --bundle closed.oci.tar");

    // The same release in another place and at another time is the same bundle.
    fs::remove_dir_all(open.path("cache")).unwrap();
    open.run(&["bundle", "-o", "again.oci.tar"]).code(0);
    assert_eq!(
        sum(&open.path("closed.oci.tar")),
        sum(&open.path("again.oci.tar"))
    );

    has_only_what_is_needed(&open);
    oras_reads_it(&open);

    let closed = ClosedPlace::new();
    closed.bring(&open.path("closed.oci.tar"));
    let built = closed
        .run(&["release", "--bundle", "closed.oci.tar"])
        .code(0);
    assert!(built.stderr.contains("step script"), "{built:?}");
    assert_eq!(closed.result("v1.0.0"), online);
    let [online, offline] = [open.workplace.path(), closed.workplace.path()].map(|place| {
        let version = place.join(format!("dist/{RECIPE}/v1.0.0"));
        let platform = fs::read_dir(version)
            .unwrap()
            .flatten()
            .next()
            .unwrap()
            .path();
        let plan = fs::read_to_string(platform.join("plan.json")).unwrap();
        (manifest(&platform), plan)
    });
    assert_eq!(online.1, offline.1);
    for field in ["source", "plan-sha256", "files", "recipe"] {
        assert_eq!(online.0[field], offline.0[field], "{field}");
    }
    assert_eq!(online.0["image"]["id"], offline.0["image"]["id"]);
    assert_eq!(online.0["image"]["content"], offline.0["image"]["content"]);
    // What is there is there.
    let again = closed
        .run(&["release", "--bundle", "closed.oci.tar"])
        .code(0);
    assert!(!again.stderr.contains("step script"), "{again:?}");

    // With a release file and a lock file of one's own, which then decide.
    let own = ClosedPlace::new();
    own.bring(&open.path("closed.oci.tar"))
        .bring(&open.path("release.yaml"))
        .bring(&open.path("kmembuild.lock"));
    fs::create_dir(own.path("recipes")).unwrap();
    fs::copy(
        open.path("recipes/carried.yaml"),
        own.path("recipes/carried.yaml"),
    )
    .unwrap();
    own.run(&["release", "--bundle", "closed.oci.tar"]).code(0);
    assert_eq!(own.result("v1.0.0"), closed.result("v1.0.0"));
}

/// Another tool finds the image by its name, and checks its blobs.
fn oras_reads_it(open: &OpenPlace) {
    let place = open.workplace.path();
    let tags = oras(place, &["repo", "tags", "--oci-layout", "closed.oci.tar"]);
    tags.code(0).prints("bundle").prints(&open.image);
    let found = entries(&fs::read(open.path("closed.oci.tar")).unwrap());
    let index: Value = serde_json::from_slice(&found.last().unwrap().1).unwrap();
    let image = index["manifests"][1]["digest"].as_str().unwrap();
    let image = format!("closed.oci.tar@{image}");
    let words = [
        "copy",
        "--from-oci-layout",
        &image,
        "--to-oci-layout",
        "image:1",
    ];
    oras(place, &words).code(0);
    assert_eq!(
        fs::read_dir(open.path("image/blobs/sha256"))
            .unwrap()
            .count(),
        4
    );
}

/// Upstream's history has three commits, and the release needs one.
fn has_only_what_is_needed(open: &OpenPlace) {
    let bundle = fs::read(open.path("closed.oci.tar")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init_bare(folder.path()).unwrap();
    let is_pack = |(_, content): &&(String, Vec<u8>)| content.starts_with(b"PACK");
    let found = entries(&bundle);
    let packs: Vec<_> = found.iter().filter(is_pack).collect();
    let [(_, pack)] = packs[..] else {
        panic!("one pack");
    };
    let database = repository.odb().unwrap();
    let mut writer = database.packwriter().unwrap();
    std::io::Write::write_all(&mut writer, pack).unwrap();
    writer.commit().unwrap();
    let commit = repository
        .find_commit(Oid::from_str(open.commit(0)).unwrap())
        .unwrap();
    // The commit, three directories, three files.
    assert_eq!(commit.tree().unwrap().len(), 3);
    let mut objects = 0;
    for id in open.objects() {
        objects += usize::from(repository.odb().unwrap().exists(id));
    }
    assert_eq!(objects, 7);
}

#[test]
fn a_later_bundle_leaves_out_what_an_earlier_one_has() {
    let open = OpenPlace::new();
    open.run(&["bundle", "-o", "1.oci.tar"]).code(0);
    open.write_release(&["v1.0.0", "v1.1.0"]);
    open.lock();
    let made = open.run(&[
        "bundle",
        "-o",
        "2.oci.tar",
        "--since",
        "1.oci.tar",
        "--split",
        "64KiB",
        "--format",
        "json",
    ]);
    let made: Value = serde_json::from_str(&made.code(0).stdout).unwrap();
    assert!(made["files"].as_array().unwrap().len() > 1, "{made}");
    // The tool, the image with its documents, the first commit and the recipe.
    assert!(made["left-out"].as_u64().unwrap() >= 7, "{made}");
    assert!(made["size"].as_u64().unwrap() < 400_000, "{made}");
    let closed = ClosedPlace::new();
    for file in fs::read_dir(open.workplace.path()).unwrap().flatten() {
        if file.file_name().to_string_lossy().contains(".oci.tar") {
            closed.bring(&file.path());
        }
    }
    let alone = closed.run(&["release", "--bundle", "2.oci.tar"]).code(17);
    alone
        .says("made since 1.oci.tar, which is not given")
        .says("hint: use --bundle once more, with 1.oci.tar");
    closed
        .run(&["release", "--bundle", "2.oci.tar", "--bundle", "1.oci.tar"])
        .code(0);
    assert!(
        closed
            .result("v1.1.0")
            .starts_with("int main(void) { return 2; }")
    );
    assert!(
        closed
            .result("v1.0.0")
            .starts_with("int main(void) { return 1; }")
    );
}

/// What the lock file has decides, whoever the bundle is from.
#[test]
fn only_what_the_lock_file_has_is_used() {
    let open = OpenPlace::new();
    open.run(&["bundle", "-o", "good.oci.tar"]).code(0);
    let closed = ClosedPlace::new();
    for name in ["good.oci.tar", "release.yaml", "kmembuild.lock"] {
        closed.bring(&open.path(name));
    }
    fs::create_dir(closed.path("recipes")).unwrap();
    let recipe = "recipes/carried.yaml";
    fs::copy(open.path(recipe), closed.path(recipe)).unwrap();

    // Another lock file: of another image and another version.
    push_image(&open.image, "two\n");
    fs::remove_dir_all(open.path("cache")).unwrap();
    open.write_release(&["v1.1.0"]);
    open.lock();
    open.run(&["bundle", "-o", "other.oci.tar"]).code(0);
    closed.bring(&open.path("other.oci.tar"));
    closed
        .run(&["release", "--bundle", "other.oci.tar"])
        .code(17)
        .says("the bundle other.oci.tar was made of another lock file")
        .says(&format!("the image {}", open.image))
        .says("the source v1.1.0 of carried");
    // The bundle of the other release says that it is of this lock file.
    let mut mixed = entries(&fs::read(open.path("other.oci.tar")).unwrap());
    let good = entries(&fs::read(open.path("good.oci.tar")).unwrap());
    super::trouble::say_it_is_of(&mut mixed, &good);
    fs::write(closed.path("mixed.oci.tar"), super::place::archive(&mixed)).unwrap();
    closed
        .run(&["release", "--bundle", "mixed.oci.tar"])
        .code(17)
        .says("does not have commit");
    // A recipe that is not the locked one.
    let text = fs::read_to_string(closed.path(recipe)).unwrap();
    fs::write(closed.path(recipe), text.replace("5m", "6m")).unwrap();
    closed
        .run(&["release", "--bundle", "good.oci.tar"])
        .code(17)
        .says("the recipe carried");
    assert!(!closed.path("dist").join(RECIPE).exists());
}

#[test]
fn what_cannot_be_carried_is_refused_before_the_work() {
    let open = OpenPlace::new();
    fs::remove_file(open.path("kmembuild.lock")).unwrap();
    open.run(&["bundle"])
        .code(17)
        .says("lock file kmembuild.lock not found");
    open.lock();
    open.run(&["bundle", "--split", "1KiB"])
        .code(2)
        .says("have at least 64.0 KiB");
    open.run(&["bundle", "--since", "nothing"])
        .code(2)
        .says("could not read nothing");
    open.run(&["release", "--bundle", "nothing"])
        .code(2)
        .says("could not read nothing");
    push_image(&open.image, "two\n");
    fs::remove_dir_all(open.path("cache")).unwrap();
    open.run(&["bundle"])
        .code(17)
        .says("does not match the lock file");
    assert!(!open.path("release.oci.tar").exists());
    let left = fs::read_dir(open.workplace.path()).unwrap().flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().contains("bundle")),
        "{left:?}"
    );
}
