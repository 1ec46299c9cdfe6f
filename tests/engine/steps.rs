//! Commands in containers, as far as Docker differs from other engines.

use std::path::Path;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use kmembuild::engine::{Address, EngineError, GuestPath, connect_docker};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use crate::support::archive::stream_of;
use crate::support::docker_command::docker;
use crate::support::recorder::Recorder;
use crate::support::scratch::{Scratch, shell};

#[tokio::test]
async fn silence_and_slow_uploads_outlast_the_request_timeout() {
    let scratch = Scratch::new("silent");
    let engine = connect_docker(
        &Address {
            request_timeout: Duration::from_secs(3),
            ..Address::default()
        },
        None,
    )
    .await
    .unwrap();
    let session = engine.open(&scratch.spec()).await.unwrap();

    let recorder = Recorder::default();
    let command = shell("sleep 5; echo done");
    let exit = session.run(&command, &recorder).await.unwrap();
    assert_eq!(exit.code, 0);
    assert_eq!(recorder.lines(), ["done"]);

    let late = stream::once(tokio::time::sleep(Duration::from_secs(5)));
    let archive = late.flat_map(|()| stream_of(&[("slow", 0o644, b"content")]));
    session
        .put(&GuestPath::new("/tmp"), archive.boxed())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_container_that_is_killed_is_lost() {
    let scratch = Scratch::new("killed");
    let session = Scratch::engine().await.open(&scratch.spec()).await.unwrap();
    let command = shell("echo ready; sleep 60");
    let recorder = Recorder::default();
    let kill = async {
        while recorder.lines().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let id = session.id().to_owned();
        tokio::task::spawn_blocking(move || docker(&["kill", &id]))
            .await
            .unwrap();
    };
    let (exit, ()) = tokio::join!(session.run(&command, &recorder), kill);
    assert!(matches!(exit, Err(EngineError::Lost { .. })), "{exit:?}");

    let again = session.run(&shell("true"), &recorder).await;
    assert!(matches!(again, Err(EngineError::Lost { .. })), "{again:?}");
    session.close().await.unwrap();
    let gone = session.run(&shell("true"), &recorder).await;
    assert!(matches!(gone, Err(EngineError::Lost { .. })), "{gone:?}");
}

#[tokio::test]
async fn an_engine_that_goes_away_is_lost() {
    let scratch = Scratch::new("engine-gone");
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("engine.sock");
    let between = Between::start(&socket);
    let engine = connect_docker(
        &Address {
            host: Some(format!("unix://{}", socket.display())),
            ..Address::default()
        },
        None,
    )
    .await
    .unwrap();
    let session = engine.open(&scratch.spec()).await.unwrap();
    let command = shell("echo ready; sleep 60");
    let recorder = Recorder::default();
    let cut = async {
        while recorder.lines().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        drop(between);
    };
    let (exit, ()) = tokio::join!(session.run(&command, &recorder), cut);
    assert!(matches!(exit, Err(EngineError::Lost { .. })), "{exit:?}");
}

/// A socket in front of the engine's; dropping it cuts all connections and takes no new ones.
struct Between(JoinSet<()>);

impl Between {
    fn start(socket: &Path) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                connections.spawn(async move {
                    let mut far = UnixStream::connect("/var/run/docker.sock").await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Self(accepting)
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.0.abort_all();
    }
}
