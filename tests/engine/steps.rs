//! Commands in containers.

use std::path::Path;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use kmembuild::engine::{
    Address, EngineError, Exit, ExitCause, GuestPath, Network, connect_docker,
};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use crate::support::archive::stream_of;
use crate::support::docker_command::{docker, docker_succeeds};
use crate::support::recorder::Recorder;
use crate::support::scratch::{Scratch, image_of, run, shell};

#[tokio::test]
async fn a_step_has_lines_environment_folder_and_exit_code() {
    let scratch = Scratch::new("step");
    let engine = Scratch::engine().await;
    let session = engine.open(&scratch.spec()).await.unwrap();
    let recorder = Recorder::default();
    let mut command = shell(
        r"pwd; id -u; printf '%s\n' $A; printf 'half'; sleep 0.2; printf ' line\n1%%\r2%%\r\n\377\n'; printf last; exit 3",
    );
    command.environment = [("A".to_owned(), "x=y z".to_owned())].into();
    command.workdir = GuestPath::new("/src/deep");
    let exit = session.run(&command, &recorder).await.unwrap();
    assert_eq!(
        exit,
        Exit {
            code: 3,
            cause: ExitCause::Ended
        }
    );
    let expected = [
        "/src/deep",
        "0",
        "x=y",
        "z",
        "half line",
        "1%",
        "2%",
        "\u{fffd}",
        "last",
    ];
    assert_eq!(recorder.lines(), expected);

    // The two streams do not end up within each other's lines.
    let (_, mut lines) = run(
        &*session,
        "printf a; printf B >&2; sleep 0.2; printf 'a\\n'; echo B >&2",
    )
    .await;
    lines.sort();
    assert_eq!(lines, ["BB", "aa"]);

    let (_, lines) = run(&*session, "head -c 200000 /dev/zero | tr '\\0' x").await;
    assert_eq!(lines.iter().map(String::len).sum::<usize>(), 200_000);
    assert!(lines.iter().all(|line| line.len() <= 64 * 1024));
    session.close().await.unwrap();
}

#[tokio::test]
async fn a_command_that_is_not_there_is_an_exit_with_a_reason() {
    let scratch = Scratch::new("missing-command");
    let session = Scratch::engine().await.open(&scratch.spec()).await.unwrap();
    let recorder = Recorder::default();
    let mut command = shell("");
    command.command = vec!["nonesuch".to_owned()];
    let exit = session.run(&command, &recorder).await.unwrap();
    assert!([126, 127].contains(&exit.code), "{exit:?}");
    assert!(
        recorder.lines().concat().contains("nonesuch"),
        "{:?}",
        recorder.lines()
    );
}

#[tokio::test]
async fn network_none_has_no_network() {
    let scratch = Scratch::new("network");
    let engine = Scratch::engine().await;
    let session = engine.open(&scratch.spec()).await.unwrap();
    let (_, lines) = run(&*session, "ls /sys/class/net; wc -l < /proc/net/route").await;
    assert_eq!(lines, ["lo", "1"]);
    session.close().await.unwrap();

    let mut spec = scratch.spec();
    spec.network = Network::Open;
    let session = engine.open(&spec).await.unwrap();
    let (_, lines) = run(&*session, "ls /sys/class/net").await;
    assert!(lines.contains(&"eth0".to_owned()), "{lines:?}");
}

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
async fn a_container_ends_by_itself() {
    let scratch = Scratch::new("lifetime");
    let mut spec = scratch.spec();
    spec.lifetime = Duration::from_secs(1);
    let session = Scratch::engine().await.open(&spec).await.unwrap();
    let exit = session.run(&shell("sleep 30"), &Recorder::default()).await;
    assert_eq!(exit.unwrap().cause, ExitCause::TimedOut);
    let again = session.run(&shell("true"), &Recorder::default()).await;
    assert_eq!(again.unwrap().cause, ExitCause::TimedOut);
}

#[tokio::test]
async fn a_container_that_does_not_start_is_not_left_behind() {
    let scratch = Scratch::new("no-start");
    let engine = Scratch::engine().await;
    let (name, files) = (
        format!("{}:1", scratch.run),
        [("hello", 0o644, b"hi".as_slice())],
    );
    let mut spec = scratch.spec();
    spec.image = image_of(stream_of(&files), &name, &scratch).await.id;
    let error = engine
        .open(&spec)
        .await
        .err()
        .expect("there is no sleep in it");
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    assert!(!docker_succeeds(&["container", "inspect", &scratch.run]));

    spec.image = format!("sha256:{}", "0".repeat(64));
    let error = engine
        .open(&spec)
        .await
        .err()
        .expect("there is no such image");
    assert!(matches!(error, EngineError::NoImage { .. }), "{error:?}");
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
