//! Files into and out of containers.

use std::fs;
use std::io;

use futures_util::{StreamExt, stream};
use kmembuild::engine::{ByteStream, Cache, EngineError, GuestPath, Session};

use crate::support::archive::{bytes_of, entries, stream_of, zeros};
use crate::support::docker_command::docker;
use crate::support::scratch::{Scratch, run};

async fn put(session: &dyn Session, path: &str, archive: ByteStream) -> Result<(), EngineError> {
    session.put(&GuestPath::new(path), archive).await
}

async fn get(session: &dyn Session, path: &str) -> Result<ByteStream, EngineError> {
    session.get(&GuestPath::new(path)).await
}

#[tokio::test]
async fn files_come_back_as_they_went() {
    let scratch = Scratch::new("files");
    let session = Scratch::engine().await.open(&scratch.spec()).await.unwrap();
    let files = [
        ("dir/", 0o750, b"".as_slice()),
        ("dir/tool", 0o4755, b"#!/bin/sh\necho tool\n"),
        ("dir/data", 0o600, b"\0\xff"),
    ];
    put(&*session, "/src/deep", stream_of(&files))
        .await
        .unwrap();
    let (code, lines) = run(
        &*session,
        "/src/deep/dir/tool; stat -c '%a %u %Y' /src/deep/dir/data",
    )
    .await;
    assert_eq!(
        (code, lines),
        (0, vec!["tool".to_owned(), "600 0 1500000000".to_owned()])
    );

    let tool = entries(get(&*session, "/src/deep/dir/tool").await.unwrap()).await;
    assert_eq!(tool, [("tool".to_owned(), 0o4755, files[1].2.to_owned())]);

    let missing = get(&*session, "/src/none")
        .await
        .err()
        .expect("it is not there");
    assert!(
        matches!(missing, EngineError::NotInSession { ref path } if path.as_str() == "/src/none")
    );
    let missing = put(&*session, "/src/none", stream_of(&files)).await;
    assert!(
        matches!(missing, Err(EngineError::NotInSession { .. })),
        "{missing:?}"
    );
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
async fn an_upload_that_breaks_off_names_its_own_error() {
    let scratch = Scratch::new("broken");
    let session = Scratch::engine().await.open(&scratch.spec()).await.unwrap();
    let half = bytes_of(&[("x", 0o644, &[1; 4096])]).slice(..1024);
    let broken = stream::iter([Ok(half), Err(io::Error::other("the object is corrupt"))]).boxed();
    let error = put(&*session, "/tmp", broken).await.unwrap_err();
    let EngineError::Unreadable { source, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(source.to_string(), "the object is corrupt");
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

#[tokio::test]
async fn an_upload_that_is_cancelled_does_not_hold_up_the_end() {
    let scratch = Scratch::new("cancelled");
    let session = Scratch::engine().await.open(&scratch.spec()).await.unwrap();
    let begin = bytes_of(&[("x", 0o644, &[1; 4096])]).slice(..1024);
    let (tell, taken) = tokio::sync::oneshot::channel();
    let rest = stream::once(async move { tell.send(()) }).then(|_| std::future::pending());
    let endless = stream::iter([Ok(begin)]).chain(rest).boxed();
    tokio::select! {
        upload = put(&*session, "/tmp", endless) => panic!("it has an end: {upload:?}"),
        told = taken => told.unwrap(),
    }
    // The engine keeps a container locked as long as an upload to it goes on.
    session.close().await.unwrap();
}
