//! The contract of sessions, kept by child processes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use kmembuild::artifacts::collect;
use kmembuild::engine::{
    Cache, Command, Engine, EngineError, Exit, ExitCause, GuestPath, LABEL_RUN, LeftoverKind,
    Limits, LocalSettings, Network, Privileges, SessionSpec, THIS_CONTAINER, Workdir,
    connect_local,
};
use tempfile::TempDir;

use crate::support::archive::stream_of;
use crate::support::processes::lives;
use crate::support::recorder::Recorder;

async fn engine(folder: &TempDir) -> Arc<dyn Engine> {
    let path = std::env::var("PATH").expect("a path");
    let settings = LocalSettings {
        directory: folder.path().join("local"),
        supervisor: env!("CARGO_BIN_EXE_kmembuild").into(),
        environment: BTreeMap::from([("PATH".to_owned(), path)]),
        instead_of: None,
        held: None,
    };
    connect_local(settings).await.expect("the local engine")
}

fn guest(path: &Path) -> GuestPath {
    GuestPath::new(path.to_str().expect("text"))
}

fn spec(folder: &TempDir, image: &str) -> SessionSpec {
    SessionSpec {
        image: image.to_owned(),
        name: "kmembuild-test-1".to_owned(),
        hostname: None,
        workdir: Workdir::Scratch(guest(&folder.path().join("a/src"))),
        caches: vec![Cache {
            key: "kmembuild-test-objects".to_owned(),
            path: guest(&folder.path().join("b/cache")),
        }],
        labels: BTreeMap::from([(LABEL_RUN.to_owned(), "1".to_owned())]),
        network: Network::None,
        limits: Limits::default(),
        privileges: Privileges::default(),
        lifetime: Duration::from_mins(5),
    }
}

fn shell(folder: &TempDir, script: &str) -> Command {
    Command {
        step: "test".to_owned(),
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        environment: BTreeMap::new(),
        workdir: guest(&folder.path().join("a/src")),
        counts_kills: true,
    }
}

/// A text that no other process has on its command line.
fn mark(name: &str) -> String {
    format!("7{:07}{}", std::process::id(), name.len())
}

#[tokio::test]
async fn a_step_has_lines_environment_directory_and_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder).await;
    let session = engine.open(&spec(&folder, "unknown")).await.unwrap();
    let recorder = Recorder::default();
    let mut command = shell(
        &folder,
        r"pwd; printf '%s\n' $A; printf 'half'; sleep 0.2; printf ' line\n\377\n'; printf last; exit 3",
    );
    command.environment = [("A".to_owned(), "x=y z".to_owned())].into();
    let exit = session.run(&command, &recorder).await.unwrap();
    let cause = ExitCause::Ended;
    assert_eq!(exit, Exit { code: 3, cause });
    let own = folder.path().join("a/src").display().to_string();
    let expected = [&own, "x=y", "z", "half line", "\u{fffd}", "last"];
    assert_eq!(recorder.lines(), expected);

    // Only what is meant for it: this process has far more variables.
    let recorder = Recorder::default();
    let command = shell(
        &folder,
        "env | cut -d= -f1 | grep -v -e PWD -e _ | sort; cat",
    );
    session.run(&command, &recorder).await.unwrap();
    assert_eq!(recorder.lines(), ["HOME", "PATH", "TMPDIR"]);

    let mut missing = shell(&folder, "");
    missing.command = vec!["no-such-program".to_owned()];
    let recorder = Recorder::default();
    let exit = session.run(&missing, &recorder).await.unwrap();
    assert_eq!(exit, Exit { code: 127, cause });
    assert!(recorder.lines()[0].contains("no-such-program"));

    let exit = session.run(&shell(&folder, "kill -9 $$"), &recorder).await;
    assert_eq!(exit.unwrap(), Exit { code: 137, cause });
    session.close().await.unwrap();
    session.close().await.unwrap();
    assert!(!folder.path().join("a").exists() && !folder.path().join("b").exists());
}

#[tokio::test]
async fn whatever_a_step_starts_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder).await;
    let session = engine.open(&spec(&folder, "unknown")).await.unwrap();
    let mark = mark("descendants");
    // A daemon with a session of its own, whose parent is gone and which holds the output open.
    let script =
        format!("setsid sh -c 'setsid sleep {mark} & sleep {mark} & wait' & sleep 0.2; echo over");
    let recorder = Recorder::default();
    let exit = session
        .run(&shell(&folder, &script), &recorder)
        .await
        .unwrap();
    assert_eq!((exit.code, recorder.lines()), (0, vec!["over".to_owned()]));
    assert!(!lives(&mark));

    // The same for a step that nobody waits for any more.
    let script = format!("setsid sleep {mark} & echo started; sleep {mark}");
    let recorder = Recorder::default();
    let command = shell(&folder, &script);
    tokio::select! {
        exit = session.run(&command, &recorder) => panic!("{exit:?}"),
        () = async { while recorder.lines().is_empty() { tokio::task::yield_now().await } } => {}
    }
    session.close().await.unwrap();
    assert!(!lives(&mark));
    assert!(!folder.path().join("a").exists());
}

#[tokio::test]
async fn a_session_has_a_lifetime() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder).await;
    let short = SessionSpec {
        lifetime: Duration::from_millis(300),
        ..spec(&folder, "unknown")
    };
    let session = engine.open(&short).await.unwrap();
    let mark = mark("lifetime");
    let command = shell(&folder, &format!("setsid sleep {mark} & sleep {mark}"));
    let exit = session.run(&command, &Recorder::default()).await.unwrap();
    assert_eq!(exit.cause, ExitCause::TimedOut);
    assert!(!lives(&mark));
    session.close().await.unwrap();
}

#[tokio::test]
async fn network_none_is_nothing_but_loopback() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder).await;
    assert!(
        engine.describe().capabilities.cuts_network,
        "run the tests where namespaces are allowed"
    );
    let interfaces = "cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' '";
    let session = engine.open(&spec(&folder, "unknown")).await.unwrap();
    let recorder = Recorder::default();
    let script = format!(
        "{interfaces}; cat /sys/class/net/lo/operstate >/dev/null; ping -c1 -W1 127.0.0.1 >/dev/null 2>&1 || bash -c 'echo > /dev/tcp/127.0.0.1/9' 2>&1 | grep -o -m1 refused"
    );
    session
        .run(&shell(&folder, &script), &recorder)
        .await
        .unwrap();
    let lines = recorder.lines();
    assert_eq!(lines[0], "lo");
    // Down, it would be unreachable.
    assert!(lines[1..].iter().all(|line| line == "refused"), "{lines:?}");
    session.close().await.unwrap();
    let open = SessionSpec {
        network: Network::Open,
        ..spec(&folder, "unknown")
    };
    let session = engine.open(&open).await.unwrap();
    let recorder = Recorder::default();
    session
        .run(&shell(&folder, interfaces), &recorder)
        .await
        .unwrap();
    let own = std::fs::read_to_string("/proc/net/dev").unwrap();
    assert_eq!(recorder.lines().len(), own.lines().count() - 2);
    session.close().await.unwrap();
}

#[tokio::test]
async fn files_go_in_and_come_out() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder).await;
    let session = engine.open(&spec(&folder, "unknown")).await.unwrap();
    let src = folder.path().join("a/src");
    let files: [(&str, u32, &[u8]); 3] = [
        ("d/", 0o755, b""),
        ("d/run", 0o755, b"#!"),
        ("empty", 0o644, b""),
    ];
    session.put(&guest(&src), stream_of(&files)).await.unwrap();
    let staging = folder.path().join("staging");
    std::fs::create_dir(&staging).unwrap();
    for (file, mode, content) in [("d/run", 0o755, "#!"), ("empty", 0o644, "")] {
        let archive = session.get(&guest(&src.join(file))).await.unwrap();
        let name = file.rsplit('/').next().unwrap();
        let taken = collect(archive, name, &staging).await.unwrap();
        assert_eq!(taken.mode, mode);
        assert_eq!(std::fs::read_to_string(taken.path).unwrap(), content);
    }
    let missing = session.get(&guest(&src.join("d/none"))).await;
    assert!(matches!(
        missing.err(),
        Some(EngineError::NotInSession { .. })
    ));
    // A link is not what it leads to.
    std::os::unix::fs::symlink("/etc/passwd", src.join("link")).unwrap();
    let archive = session.get(&guest(&src.join("link"))).await.unwrap();
    assert!(collect(archive, "link", &staging).await.is_err());
    let nowhere = session.put(&guest(&src.join("none")), stream_of(&[])).await;
    assert!(matches!(
        nowhere.err(),
        Some(EngineError::NotInSession { .. })
    ));
    // An archive without end is left alone when the session ends.
    let endless = futures_util::stream::once(async { Ok(bytes::Bytes::from(vec![0; 100])) })
        .chain(futures_util::stream::pending())
        .boxed();
    let directory = guest(&src);
    let put = session.put(&directory, endless);
    let put = tokio::time::timeout(Duration::from_millis(100), put);
    assert!(put.await.is_err());
    drop(session);
}

#[tokio::test]
async fn caches_are_kept_only_for_an_image_that_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder).await;
    let object = folder.path().join("b/cache/object");
    for (image, kept) in [
        ("unknown", false),
        ("unknown", false),
        ("sha256:1", false),
        ("sha256:1", true),
    ] {
        let session = engine.open(&spec(&folder, image)).await.unwrap();
        assert_eq!(object.exists(), kept, "{image}");
        std::fs::write(&object, "").unwrap();
        session.close().await.unwrap();
        assert!(!folder.path().join("b").exists());
    }
    let left = engine.leftovers().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(
        (left[0].kind, &*left[0].name),
        (LeftoverKind::Volume, "kmembuild-test-objects")
    );
    assert_eq!(left[0].labels[LABEL_RUN], "1");
    engine.remove(&left[0]).await.unwrap();
    engine.remove(&left[0]).await.unwrap();
    assert_eq!(engine.leftovers().await.unwrap(), []);
}

#[tokio::test]
async fn what_a_killed_run_left_is_found_and_undone() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder).await;
    let session = engine.open(&spec(&folder, "sha256:1")).await.unwrap();
    std::fs::write(folder.path().join("a/src/file"), "").unwrap();
    // Nobody closes it.
    drop(session);
    let same = engine.open(&spec(&folder, "sha256:1")).await;
    assert!(matches!(same.err(), Some(EngineError::Refused { .. })));
    let second = SessionSpec {
        name: "kmembuild-test-2".to_owned(),
        ..spec(&folder, "sha256:1")
    };
    let refused = engine.open(&second).await;
    assert!(matches!(refused.err(), Some(EngineError::InTheWay { .. })));
    let left = engine.leftovers().await.unwrap();
    let sessions = left
        .iter()
        .filter(|left| left.kind == LeftoverKind::Container);
    let sessions: Vec<_> = sessions.collect();
    assert_eq!(sessions.len(), 1);
    for path in ["", "..", ".", "a/b"] {
        let hostile = kmembuild::engine::Leftover {
            id: path.to_owned(),
            ..sessions[0].clone()
        };
        assert!(engine.remove(&hostile).await.is_err(), "{path:?}");
    }
    engine.remove(sessions[0]).await.unwrap();
    assert!(!folder.path().join("a").exists() && !folder.path().join("b").exists());
}

#[tokio::test]
async fn there_is_one_image() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder).await;
    let unknown = engine.image(THIS_CONTAINER).await.unwrap().expect("it");
    // Nobody claims to know what is in it.
    assert_eq!((unknown.known_content(), &*unknown.id), (None, "unknown"));
    let name = format!("{THIS_CONTAINER}@sha256:12");
    let known = engine.image(&name).await.unwrap().expect("it");
    let content = known.known_content().expect("its content");
    assert_eq!(
        (content.layers.len(), &*content.layers[0]),
        (2, "sha256:12")
    );
    for other in ["golang:1", "this-containers", ""] {
        assert_eq!(engine.image(other).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_step_tells_what_it_uses() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder).await;
    let session = engine.open(&spec(&folder, "unknown")).await.unwrap();
    assert_eq!(session.usage().await, None);
    let busy = shell(&folder, "while :; do :; done");
    let recorder = Recorder::default();
    let used = async {
        loop {
            match session.usage().await {
                Some(usage) if usage.cpu > Duration::ZERO => break usage,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    let used = tokio::select! {
        exit = session.run(&busy, &recorder) => panic!("{exit:?}"),
        used = used => used,
    };
    assert!(used.memory > 0);
    session.close().await.unwrap();
}
