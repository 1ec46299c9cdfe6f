//! Files into and out of containers.

use std::fs;

use futures_util::StreamExt;
use kmembuild::engine::{ByteStream, Cache, EngineError, GuestPath, Session};

use crate::support::archive::zeros;
use crate::support::docker_command::docker;
use crate::support::scratch::{Scratch, run};

async fn put(session: &dyn Session, path: &str, archive: ByteStream) -> Result<(), EngineError> {
    session.put(&GuestPath::new(path), archive).await
}

async fn get(session: &dyn Session, path: &str) -> Result<ByteStream, EngineError> {
    session.get(&GuestPath::new(path)).await
}

#[tokio::test]
async fn a_big_upload_is_not_held_in_memory() {
    let scratch = Scratch::new("big");
    let session = Scratch::engine().await.open(&scratch.spec()).await.unwrap();
    let before = peak_memory();
    put(&*session, "/tmp", zeros("big", 400)).await.unwrap();
    let grown = peak_memory() - before;
    assert!(grown < 100 << 20, "{grown} bytes");
    let (_, lines) = run(&*session, "stat -c %s /tmp/big").await;
    assert_eq!(lines, [(400_u64 << 20).to_string()]);

    let mut archive = get(&*session, "/tmp/big").await.unwrap();
    let mut received = 0;
    while let Some(part) = archive.next().await {
        received += part.unwrap().len();
    }
    assert!(received > 400 << 20);
    let grown = peak_memory() - before;
    assert!(grown < 100 << 20, "{grown} bytes");
}

/// Most memory this process has had, in bytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kibibytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes * 1024
}

#[tokio::test]
async fn a_full_disk_is_named() {
    let scratch = Scratch::new("full");
    let volume = format!("{}-small", scratch.run);
    let label = format!("{}={}", kmembuild::engine::LABEL_RUN, scratch.run);
    docker(&[
        "volume",
        "create",
        "--label",
        &label,
        "-o",
        "type=tmpfs",
        "-o",
        "device=tmpfs",
        "-o",
        "o=size=1m",
        &volume,
    ]);
    let mut spec = scratch.spec();
    spec.caches = vec![Cache {
        key: volume,
        path: GuestPath::new("/small"),
    }];
    let session = Scratch::engine().await.open(&spec).await.unwrap();
    let full = put(&*session, "/small", zeros("big", 64)).await;
    assert!(
        matches!(full, Err(EngineError::DiskFull { .. })),
        "{full:?}"
    );
}
