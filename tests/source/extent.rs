//! Trees and lists that are larger than any source's.

use std::fs::File;
use std::path::Path;

use futures_util::TryStreamExt;

use super::upstream::{FreshStore, Upstream, feed_git, request};
use crate::support::command::Workplace;
use crate::support::git_server::GitServer;

/// Tags a tree.
fn tag(upstream: &Upstream, tree: &str) {
    let commit = upstream.git(&["commit-tree", "-m", "tree", tree]);
    upstream.git(&["tag", "v1", &commit]);
    // A push would walk through the tree as well.
    let bare = upstream.bare();
    std::fs::create_dir_all(upstream.served()).expect("made");
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([upstream.work().join(".git"), bare])
        .status();
    assert!(copied.expect("cp runs").success());
}

/// A tree with that many directories in each other.
fn deep(upstream: &Upstream, depth: usize) -> String {
    let work = upstream.work();
    let mut tree = feed_git(&work, &["mktree"], "");
    for _ in 0..depth {
        tree = feed_git(&work, &["mktree"], &format!("040000 tree {tree}\td\n"));
    }
    tree
}

/// Ten times ten times ten... files, in a few objects.
fn bomb(upstream: &Upstream) -> String {
    let work = upstream.work();
    let blob = feed_git(&work, &["hash-object", "-w", "--stdin"], "x");
    let mut line = format!("100644 blob {blob}");
    for _ in 0..8 {
        let lines: Vec<_> = (0..10)
            .map(|number| format!("{line}\t{number}\n"))
            .collect();
        line = format!(
            "040000 tree {}",
            feed_git(&work, &["mktree"], &lines.concat())
        );
    }
    line.rsplit(' ').next().expect("an id").to_owned()
}

/// What comes of it when the tag is taken from a directory.
async fn from_directory(bare: &Path) -> String {
    let url = bare.to_str().expect("a path");
    let error = FreshStore::new().fetch(&request("v1", &[url])).await;
    error.expect_err("it is refused").to_string()
}

/// What comes of it when the tag is fetched from a server and sent to an engine.
async fn from_server(upstream: &Upstream) -> String {
    let mirror = GitServer::start(&upstream.served());
    let fresh = FreshStore::new();
    let served = fresh
        .fetch(&request("v1", &[&mirror.url("upstream.git")]))
        .await;
    let tree = served.expect("served").tree;
    let pieces = fresh
        .store
        .archive(&tree, 0)
        .try_fold(0, async |sum, piece| Ok(sum + piece.len()));
    let error = pieces.await.expect_err("it is refused");
    kmembuild::failure::with_causes(&error)
}

#[tokio::test]
async fn directories_that_are_too_deep_are_refused() {
    let upstream = Upstream::new();
    let tree = deep(&upstream, 300);
    tag(&upstream, &tree);
    for refused in [
        from_directory(&upstream.bare()).await,
        from_server(&upstream).await,
    ] {
        assert!(refused.contains("more than 256 deep"), "{refused}");
    }
}

#[tokio::test]
async fn a_few_objects_that_become_many_files_are_refused() {
    let upstream = Upstream::new();
    let tree = bomb(&upstream);
    tag(&upstream, &tree);
    for refused in [
        from_directory(&upstream.bare()).await,
        from_server(&upstream).await,
    ] {
        assert!(refused.contains("more than 2000000 files"), "{refused}");
    }
}

#[tokio::test]
async fn a_file_that_does_not_fit_is_not_read() {
    let upstream = Upstream::new();
    let large = upstream.work().join("large");
    let file = File::create(&large).expect("made");
    file.set_len(100 << 20).expect("a sparse file");
    upstream.commit_all();
    upstream.git(&["tag", "v1"]);
    upstream.publish();
    let fresh = FreshStore::new();
    let bare = upstream.bare();
    let served = fresh
        .fetch(&request("v1", &[bare.to_str().expect("a path")]))
        .await;
    let tree = fresh
        .store
        .tree(&served.expect("served").tree)
        .expect("a tree");
    let refused = kmembuild::failure::with_causes(&tree.read("large").expect_err("too large"));
    assert!(refused.contains("which is more than 64.0 MiB"), "{refused}");
}

#[test]
fn a_list_of_references_without_end_is_given_up() {
    let server = GitServer::endless();
    let place = Workplace::new();
    let url = server.url("upstream.git");
    let words = ["plan", "runc", "--tag", "v1.0.0-rc10", "--source", &url];
    place.run(&words).code(13).says("has no end");
}

/// Cuts the end of a loose object off.
fn cut(repository: &Path, object: &str) {
    let (directory, name) = object.split_at(2);
    let path = repository.join("objects").join(directory).join(name);
    let content = std::fs::read(&path).expect("a loose object");
    std::fs::remove_file(&path).expect("removed");
    std::fs::write(path, &content[..content.len() - 40]).expect("written");
}

#[test]
fn a_damaged_object_ends_an_attempt_and_does_not_outlast_a_signal() {
    let upstream = Upstream::new();
    upstream.commit(
        "large",
        &"0123456789abcdef".repeat(20_000).replace('0', "12345"),
    );
    let noise: String = (0..60_000u64)
        .map(|number| format!("{:x}", number.wrapping_mul(number) ^ 0x5eed))
        .collect();
    upstream.commit("noise", &noise);
    upstream.git(&["tag", "v9.9.9"]);
    let blob = upstream.git(&["rev-parse", "HEAD:noise"]);
    cut(&upstream.work().join(".git"), &blob);
    let place = Workplace::new();
    let work = upstream.work().display().to_string();
    let words = [
        "plan",
        "runc",
        "--tag",
        "v9.9.9",
        "--unpinned",
        "--source",
        &work,
    ];
    place.run(&words).code(13).says("could not fetch v9.9.9");
}
