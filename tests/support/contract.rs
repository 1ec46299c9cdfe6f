//! What every engine that runs containers keeps: one list, for Docker and for each OCI runtime.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use kmembuild::engine::{
    ByteStream, Cache, Command, Engine, EngineError, Exit, ExitCause, GuestPath, Image,
    ImageSource, LABEL_RUN, LeftoverKind, Limits, Network, Privileges, Session, SessionSpec,
    Workdir,
};
use tokio_util::sync::CancellationToken;

use super::archive::{bytes_of, entries, stream_of, whole, zeros};
use super::recorder::Recorder;
use super::scratch::{run, shell};
use super::small_image::small_root_with;

/// An engine, and what a test makes on it.
pub struct Subject {
    pub engine: Arc<dyn Engine>,
    /// The run id, which is also good as a part of names.
    pub run: String,
    image: Image,
    /// What goes with the test.
    _kept: Box<dyn std::any::Any>,
}

/// A file that the image has.
const IMAGES_FILE: &str = "src/image/file";

/// Makes the tests of the list, each with the subject that `$subject` makes by its name.
macro_rules! keeps_the_contract {
    ($subject:path: $($test:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $test() {
            let subject = $subject(stringify!($test)).await;
            $crate::support::contract::$test(&subject).await;
        })*
    };
    ($subject:path) => {
        $crate::support::contract::keeps_the_contract! {
            $subject:
            a_command_has_lines_environment_directory_and_exit_code,
            a_program_that_is_not_there_is_an_exit_with_a_reason,
            without_network_there_is_loopback_and_nothing_else,
            a_session_ends_by_itself,
            a_session_that_does_not_start_leaves_nothing,
            files_come_back_as_they_went,
            an_upload_that_breaks_off_names_its_own_error,
            an_upload_that_is_cancelled_does_not_hold_up_the_end,
            links_of_a_step_lead_nowhere_else,
            a_directory_of_its_own_is_empty_at_first,
            memory_kills_are_told_for_the_command_they_happened_in,
            caches_are_kept_and_leftovers_removed,
            a_session_that_is_removed_is_lost,
            two_sessions_do_not_see_each_other,
        }
    };
}
pub(crate) use keeps_the_contract;

impl Subject {
    /// An engine with the small image.
    pub async fn new(engine: Arc<dyn Engine>, run: String, kept: Box<dyn std::any::Any>) -> Self {
        let name = format!("{run}:small");
        let image = provide(
            &*engine,
            &run,
            &name,
            whole(small_root_with(&[(IMAGES_FILE, b"of the image")]).into()),
        )
        .await;
        Self {
            engine,
            run,
            image,
            _kept: kept,
        }
    }

    /// A plain session without network.
    pub fn spec(&self) -> SessionSpec {
        SessionSpec {
            image: self.image.id.clone(),
            name: self.run.clone(),
            hostname: None,
            workdir: Workdir::OfImage(GuestPath::new("/src/deep")),
            caches: Vec::new(),
            labels: self.labels(),
            network: Network::None,
            limits: Limits::default(),
            privileges: Privileges::default(),
            lifetime: Duration::from_mins(5),
        }
    }

    fn labels(&self) -> BTreeMap<String, String> {
        [(LABEL_RUN.to_owned(), self.run.clone())].into()
    }

    async fn open(&self) -> Box<dyn Session> {
        self.engine.open(&self.spec()).await.expect("a session")
    }

    async fn mine(&self) -> Vec<kmembuild::engine::Leftover> {
        let found = self.engine.leftovers().await.expect("a list");
        let mine = found.into_iter();
        mine.filter(|thing| thing.labels.get(LABEL_RUN) == Some(&self.run))
            .collect()
    }
}

async fn provide(engine: &dyn Engine, run: &str, name: &str, archive: ByteStream) -> Image {
    let source = ImageSource::RootFs {
        archive,
        environment: [("PATH".to_owned(), "/bin".to_owned())].into(),
        labels: [(LABEL_RUN.to_owned(), run.to_owned())].into(),
    };
    let (recorder, cancel) = (Recorder::default(), CancellationToken::new());
    let provided = engine.provide(name, source, &recorder, &cancel);
    provided.await.expect("an image").expect("nothing stops it")
}

async fn put(session: &dyn Session, path: &str, archive: ByteStream) -> Result<(), EngineError> {
    session.put(&GuestPath::new(path), archive).await
}

async fn get(session: &dyn Session, path: &str) -> Result<ByteStream, EngineError> {
    session.get(&GuestPath::new(path)).await
}

const ENDED: ExitCause = ExitCause::Ended;

pub async fn a_command_has_lines_environment_directory_and_exit_code(subject: &Subject) {
    let session = subject.open().await;
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
            cause: ENDED
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
    let script = "printf a; printf B >&2; sleep 0.2; printf 'a\\n'; echo B >&2";
    let (_, mut lines) = run(&*session, script).await;
    lines.sort();
    assert_eq!(lines, ["BB", "aa"]);
    let (_, lines) = run(&*session, "head -c 200000 /dev/zero | tr '\\0' x").await;
    assert_eq!(lines.iter().map(String::len).sum::<usize>(), 200_000);
    assert!(lines.iter().all(|line| line.len() <= 64 * 1024));
    let (code, _) = run(&*session, "kill -9 $$").await;
    assert_eq!(code, 137);
    session.close().await.unwrap();
    session.close().await.unwrap();
}

pub async fn a_program_that_is_not_there_is_an_exit_with_a_reason(subject: &Subject) {
    let session = subject.open().await;
    let recorder = Recorder::default();
    let command = Command {
        command: vec!["nonesuch".to_owned()],
        ..shell("")
    };
    let exit = session.run(&command, &recorder).await.unwrap();
    assert!([126, 127].contains(&exit.code), "{exit:?}");
    assert!(
        recorder.lines().concat().contains("nonesuch"),
        "{:?}",
        recorder.lines()
    );
    // A program that is there keeps its own codes.
    for code in [1, 126, 255] {
        let (found, _) = run(&*session, &format!("exit {code}")).await;
        assert_eq!(found, code);
    }
    session.close().await.unwrap();
}

pub async fn without_network_there_is_loopback_and_nothing_else(subject: &Subject) {
    let session = subject.open().await;
    let script = "ls /sys/class/net; wc -l < /proc/net/route; ifconfig lo | grep -q 'UP.*RUNNING' && echo up";
    let (_, lines) = run(&*session, script).await;
    assert_eq!(lines, ["lo", "1", "up"]);
    session.close().await.unwrap();
    let mut spec = subject.spec();
    spec.network = Network::Open;
    let session = subject.engine.open(&spec).await.unwrap();
    let (_, lines) = run(&*session, "ls /sys/class/net").await;
    assert!(
        lines.contains(&"eth0".to_owned()) || lines.len() > 1,
        "{lines:?}"
    );
    session.close().await.unwrap();
}

pub async fn a_session_ends_by_itself(subject: &Subject) {
    let mut spec = subject.spec();
    spec.lifetime = Duration::from_secs(1);
    let session = subject.engine.open(&spec).await.unwrap();
    let exit = session.run(&shell("sleep 30"), &Recorder::default()).await;
    assert_eq!(exit.unwrap().cause, ExitCause::TimedOut);
    let again = session.run(&shell("true"), &Recorder::default()).await;
    assert_eq!(again.unwrap().cause, ExitCause::TimedOut);
    session.close().await.unwrap();
}

pub async fn a_session_that_does_not_start_leaves_nothing(subject: &Subject) {
    let name = format!("{}:empty", subject.run);
    let files = stream_of(&[("hello", 0o644, b"hi".as_slice())]);
    let mut spec = subject.spec();
    spec.image = provide(&*subject.engine, &subject.run, &name, files)
        .await
        .id;
    let error = subject.engine.open(&spec).await;
    let error = error.err().expect("there is no sleep in it");
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    // To copy out of it, none is needed.
    let session = subject.engine.open_to_copy(&spec).await.unwrap();
    let copied = entries(get(&*session, "/hello").await.unwrap()).await;
    assert_eq!(copied, [("hello".to_owned(), 0o644, b"hi".to_vec())]);
    session.close().await.unwrap();
    let sessions = subject.mine().await;
    assert!(
        sessions
            .iter()
            .all(|thing| thing.kind == LeftoverKind::Image),
        "{sessions:?}"
    );
    spec.image = format!("sha256:{}", "0".repeat(64));
    let error = subject
        .engine
        .open(&spec)
        .await
        .err()
        .expect("there is none");
    assert!(matches!(error, EngineError::NoImage { .. }), "{error:?}");
}

pub async fn files_come_back_as_they_went(subject: &Subject) {
    let session = subject.open().await;
    let files = [
        ("dir/", 0o750, b"".as_slice()),
        ("dir/tool", 0o4755, b"#!/bin/sh\necho tool\n"),
        ("dir/data", 0o600, b"\0\xff"),
    ];
    put(&*session, "/src/deep", stream_of(&files))
        .await
        .unwrap();
    let script =
        "/src/deep/dir/tool; stat -c '%a %u %Y' /src/deep/dir/data; stat -c %a /src/deep/dir";
    let (code, lines) = run(&*session, script).await;
    assert_eq!(code, 0);
    assert_eq!(lines, ["tool", "600 0 1500000000", "750"]);
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
    // Not held in memory.
    put(&*session, "/tmp", zeros("big", 200)).await.unwrap();
    let mut big = get(&*session, "/tmp/big").await.unwrap();
    let mut size = 0;
    while let Some(part) = big.next().await {
        size += part.unwrap().len();
    }
    assert!(size > 200 << 20);
    session.close().await.unwrap();
}

pub async fn an_upload_that_breaks_off_names_its_own_error(subject: &Subject) {
    let session = subject.open().await;
    let half = bytes_of(&[("x", 0o644, &[1; 4096])]).slice(..1024);
    let broken = stream::iter([Ok(half), Err(io::Error::other("the object is corrupt"))]).boxed();
    let error = put(&*session, "/tmp", broken).await.unwrap_err();
    let EngineError::Unreadable { source, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(source.to_string(), "the object is corrupt");
    session.close().await.unwrap();
}

pub async fn an_upload_that_is_cancelled_does_not_hold_up_the_end(subject: &Subject) {
    let session = subject.open().await;
    let begin = bytes_of(&[("x", 0o644, &[1; 4096])]).slice(..1024);
    let (tell, taken) = tokio::sync::oneshot::channel();
    let rest = stream::once(async move { tell.send(()) }).then(|_| std::future::pending());
    let endless = stream::iter([Ok(begin)]).chain(rest).boxed();
    tokio::select! {
        upload = put(&*session, "/tmp", endless) => panic!("it has an end: {upload:?}"),
        told = taken => told.unwrap(),
    }
    session.close().await.unwrap();
}

pub async fn links_of_a_step_lead_nowhere_else(subject: &Subject) {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "of this machine").unwrap();
    let place = outside.path().display();
    let session = subject.open().await;
    let script = format!(
        "ln -s {place} /src/out && ln -s ../../../../../../../..{place} /src/up && ln -s {place}/secret /src/file && ln -s /proc/1/root{place} /src/magic"
    );
    assert_eq!(run(&*session, &script).await.0, 0);
    // A link is no file, and what it names is looked for in the session, where there is nothing.
    match get(&*session, "/src/file").await {
        Ok(link) => assert_eq!(tar_kind(link).await, tar::EntryType::Symlink),
        // podman looks where it leads in the session.
        Err(error) => assert!(
            matches!(error, EngineError::NotInSession { .. }),
            "{error:?}"
        ),
    }
    for way in ["out", "up", "magic"] {
        let found = get(&*session, &format!("/src/{way}/secret")).await;
        assert!(found.is_err(), "{way}");
        let evil = stream_of(&[("planted", 0o644, b"x".as_slice())]);
        let planted = put(&*session, &format!("/src/{way}"), evil).await;
        assert!(planted.is_err(), "{way}");
    }
    session.close().await.unwrap();
    let left: Vec<_> = std::fs::read_dir(outside.path())
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(left.len(), 1);
}

pub async fn a_directory_of_its_own_is_empty_at_first(subject: &Subject) {
    let mut spec = subject.spec();
    let list = "ls /src/image";
    let session = subject.engine.open(&spec).await.unwrap();
    assert_eq!(run(&*session, list).await, (0, vec!["file".to_owned()]));
    session.close().await.unwrap();
    spec.workdir = Workdir::Scratch(GuestPath::new("/src/image"));
    let session = subject.engine.open(&spec).await.unwrap();
    assert_eq!(run(&*session, list).await, (0, Vec::new()));
    session.close().await.unwrap();
}

async fn tar_kind(archive: ByteStream) -> tar::EntryType {
    use futures_util::TryStreamExt as _;
    let bytes: Vec<bytes::Bytes> = archive.try_collect().await.unwrap();
    let bytes = bytes.concat();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let entry = archive.entries().unwrap().next().unwrap().unwrap();
    entry.header().entry_type()
}

pub async fn memory_kills_are_told_for_the_command_they_happened_in(subject: &Subject) {
    let mut spec = subject.spec();
    spec.limits.memory = Some(64 << 20);
    spec.limits.nano_cpus = Some(1_500_000_000);
    let session = subject.engine.open(&spec).await.unwrap();
    let sink = Recorder::default();
    for (script, code, cause) in [
        ("exec tail /dev/zero", 137, ExitCause::OutOfMemory),
        ("false", 1, ENDED),
        ("kill -9 $$", 137, ENDED),
        ("tail /dev/zero | cat; exit 0", 0, ExitCause::OutOfMemory),
        ("true", 0, ENDED),
    ] {
        let exit = session.run(&shell(script), &sink).await.unwrap();
        assert_eq!(exit, Exit { code, cause }, "{script}");
    }
    let limits =
        "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2> /dev/null";
    let (_, lines) = run(&*session, limits).await;
    assert_eq!(lines, [(64 << 20).to_string()]);
    session.usage().await.expect("it counts");
    session.close().await.unwrap();
}

pub async fn caches_are_kept_and_leftovers_removed(subject: &Subject) {
    let key = format!("{}-volume", subject.run);
    let mut spec = subject.spec();
    spec.workdir = Workdir::Scratch(GuestPath::new("/src/deep"));
    spec.caches = vec![Cache {
        key: key.clone(),
        // Below the working directory, where the recipe of kubelet has it.
        path: GuestPath::new("/src/deep/out/objects"),
    }];
    let session = subject.engine.open(&spec).await.unwrap();
    let (code, _) = run(
        &*session,
        "echo kept >/src/deep/out/objects/one; echo gone >/src/deep/x",
    )
    .await;
    assert_eq!(code, 0);
    session.close().await.unwrap();
    let session = subject.engine.open(&spec).await.unwrap();
    let (_, lines) = run(&*session, "cat /src/deep/out/objects/one; ls /src/deep").await;
    assert_eq!(lines, ["kept", "out"]);
    let mut found = subject.mine().await;
    // Docker's scratch directory is a volume as well, which goes with its session.
    found.retain(|thing| thing.kind != LeftoverKind::Volume || thing.name == key);
    let brief: Vec<_> = found
        .iter()
        .map(|thing| (thing.kind, thing.name.clone(), thing.running))
        .collect();
    let image = format!("{}:small", subject.run);
    let expected = [
        (LeftoverKind::Container, subject.run.clone(), true),
        (LeftoverKind::Volume, key, false),
        (LeftoverKind::Image, image, false),
    ];
    assert_eq!(brief, expected);
    // What a session uses is not torn away from under it.
    let refused = subject.engine.remove(&found[1]).await;
    assert!(
        matches!(refused, Err(EngineError::InUse { .. })),
        "{refused:?}"
    );
    for _ in 0..2 {
        for thing in &found {
            subject.engine.remove(thing).await.unwrap();
        }
        assert_eq!(subject.mine().await, []);
    }
    session.close().await.unwrap();
}

pub async fn a_session_that_is_removed_is_lost(subject: &Subject) {
    let session = subject.open().await;
    let recorder = Recorder::default();
    let remove = async {
        while recorder.lines().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let found = subject.mine().await;
        let own = found
            .iter()
            .find(|thing| thing.kind == LeftoverKind::Container);
        subject.engine.remove(own.expect("it runs")).await.unwrap();
    };
    let command = shell("echo ready; sleep 60");
    let (exit, ()) = tokio::join!(session.run(&command, &recorder), remove);
    assert!(matches!(exit, Err(EngineError::Lost { .. })), "{exit:?}");
    let again = session.run(&shell("true"), &recorder).await;
    assert!(matches!(again, Err(EngineError::Lost { .. })), "{again:?}");
    session.close().await.unwrap();
}

pub async fn two_sessions_do_not_see_each_other(subject: &Subject) {
    let other = SessionSpec {
        name: format!("{}-other", subject.run),
        ..subject.spec()
    };
    let own = subject.spec();
    let (one, two) = tokio::join!(subject.engine.open(&own), subject.engine.open(&other));
    let (one, two) = (one.unwrap(), two.unwrap());
    let write = "echo one >/etc/own; cat /etc/own; ps | grep -c [s]leep";
    let (first, second) = tokio::join!(
        run(&*one, write),
        run(&*two, "sleep 0.5; ls /etc; ps | grep -c [s]leep")
    );
    assert_eq!(first.1[0], "one");
    assert!(!second.1.contains(&"own".to_owned()), "{second:?}");
    one.close().await.unwrap();
    let (_, lines) = run(&*two, "echo on").await;
    assert_eq!(lines, ["on"]);
    two.close().await.unwrap();
}
