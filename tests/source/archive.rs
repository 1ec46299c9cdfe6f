use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};

use futures_util::TryStreamExt;
use kmembuild::source::Store;

use super::upstream::{FreshStore, Upstream, request};

/// The stream's bytes.
async fn bytes(store: &Store, tree: &str, modified: i64) -> Vec<u8> {
    let pieces: Vec<_> = store.archive(tree, modified).try_collect().await.unwrap();
    assert!(pieces.iter().all(|piece| piece.len() <= 64 * 1024));
    pieces.concat()
}

/// One line an entry: type, mode, owner, time, path, link target, content.
fn listing(archive: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(archive);
    let mut lines = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = String::new();
        entry.read_to_string(&mut content).unwrap();
        let target = String::from_utf8(entry.link_name_bytes().unwrap_or_default().to_vec());
        let target = target.unwrap();
        let header = entry.header();
        lines.push(format!(
            "{:?} {:o} {}:{} {} {} {:?} {}",
            header.entry_type(),
            header.mode().unwrap(),
            header.uid().unwrap(),
            header.gid().unwrap(),
            header.mtime().unwrap(),
            entry.path().unwrap().display(),
            target,
            content.len(),
        ));
    }
    lines
}

#[tokio::test]
async fn an_archive_has_every_kind_of_entry_and_the_same_bytes_each_time() {
    let upstream = Upstream::new();
    let work = upstream.work();
    let long = format!("deep/{}/{}.go", "folder".repeat(12), "file".repeat(20));
    let far = format!("../{}", "x/".repeat(70));
    upstream.commit(&long, "package long\n");
    upstream.commit("deep/big", &"0123456789abcdef".repeat(20_000));
    upstream.commit("run.sh", "#!/bin/sh\n");
    std::fs::set_permissions(work.join("run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("./run.sh", work.join("link")).unwrap();
    symlink(&far, work.join("long-link")).unwrap();
    upstream.commit_all();
    let module = format!("160000,{},module", "12".repeat(20));
    upstream.git(&["update-index", "--add", "--cacheinfo", &module]);
    upstream.git(&["commit", "-q", "-m", "module"]);
    upstream.git(&["tag", "v1"]);
    let fresh = FreshStore::new();
    let served = fresh
        .fetch(&request("v1", &[work.to_str().unwrap()]))
        .await
        .unwrap();
    let archive = bytes(&fresh.store, &served.tree, served.commit_time).await;
    let folder = format!("deep/{}/", "folder".repeat(12));
    let time = 1_580_000_000;
    assert_eq!(
        listing(&archive),
        [
            format!("Directory 755 0:0 {time} deep/ \"\" 0"),
            format!("Regular 644 0:0 {time} deep/big \"\" 320000"),
            format!("Directory 755 0:0 {time} {folder} \"\" 0"),
            format!("Regular 644 0:0 {time} {long} \"\" 13"),
            format!("Symlink 777 0:0 {time} link \"./run.sh\" 0"),
            format!("Symlink 777 0:0 {time} long-link {far:?} 0"),
            format!("Directory 755 0:0 {time} module/ \"\" 0"),
            format!("Regular 755 0:0 {time} run.sh \"\" 10"),
        ]
    );
    // Another store, filled another way, gives the same bytes.
    let other = FreshStore::new();
    upstream.publish();
    other
        .fetch(&request("v1", &[upstream.bare().to_str().unwrap()]))
        .await
        .unwrap();
    assert!(archive == bytes(&other.store, &served.tree, served.commit_time).await);
    assert!(archive != bytes(&other.store, &served.tree, served.commit_time + 1).await);
}

#[tokio::test]
async fn an_archive_of_no_tree_is_an_error() {
    let fresh = FreshStore::new();
    let pieces: Result<Vec<_>, _> = fresh.store.archive(&"12".repeat(20), 0).try_collect().await;
    let error = pieces.unwrap_err();
    assert!(error.to_string().contains("could not read tree"), "{error}");
}

#[tokio::test]
async fn a_dropped_archive_ends_its_thread() {
    let upstream = Upstream::new();
    upstream.commit("big", &"0123456789abcdef".repeat(200_000));
    upstream.git(&["tag", "v1"]);
    let fresh = FreshStore::new();
    let served = fresh
        .fetch(&request("v1", &[upstream.work().to_str().unwrap()]))
        .await
        .unwrap();
    let mut stream = fresh.store.archive(&served.tree, 0);
    assert!(stream.try_next().await.unwrap().is_some());
    drop(stream);
    // Threads carry their name; other tests' archives are as short-lived.
    while archive_threads() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

fn archive_threads() -> bool {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(Result::ok)
        .any(|task| {
            std::fs::read_to_string(task.path().join("comm"))
                .is_ok_and(|name| name.trim() == "tree-archive")
        })
}
