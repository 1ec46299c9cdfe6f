//! Registries that stall, break off, are busy, or give something else than they were asked for.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use kmembuild::events::{Event, Warning};
use kmembuild::transport::{
    Access, BlobSource, Descriptor, EMPTY, EMPTY_TYPE, Manifest, TITLE, TransportError,
};

use super::content::{impatient, noise, open, put, tag};
use crate::support::command::Workplace;
use crate::support::hostile_registry::{Asked, Conduct, HostileRegistry};
use crate::support::recorder::Recorder;
use crate::support::registry::Registry;

/// A registry with an artifact of these bytes as `a/tool:v1`, and the descriptor of its file.
async fn filled(bytes: &[u8]) -> (Registry, Descriptor) {
    let (registry, sink) = (Registry::start(), Recorder::default());
    let folder = tempfile::tempdir().unwrap();
    let at = open(
        &format!("{}/a/tool", registry.address),
        Access::Write,
        &sink,
    )
    .await;
    put(&at, folder.path(), bytes, Some("v1")).await;
    let blob = Descriptor::of("application/octet-stream", bytes);
    (registry, blob)
}

fn is_download(asked: &Asked) -> bool {
    asked.method == "GET" && asked.path.contains("/blobs/")
}

/// Fetches the file through a proxy that behaves so.
async fn fetch(
    registry: &Registry,
    blob: &Descriptor,
    sink: &Recorder,
    conduct: impl Fn(&Asked) -> Conduct + Send + Sync + 'static,
) -> Result<Vec<u8>, TransportError> {
    let proxy = HostileRegistry::start(&registry.address, conduct);
    let at = open(&format!("{}/a/tool", proxy.address), Access::Read, sink).await;
    at.fetch_bytes(blob, 64 << 20).await
}

fn warnings(sink: &Recorder) -> usize {
    let events = sink.events();
    let again = events
        .iter()
        .filter(|event| matches!(event, Event::Warning(Warning::RegistryAgain(..))));
    again.count()
}

#[tokio::test]
async fn a_download_that_breaks_off_is_resumed() {
    let bytes = noise(1 << 20);
    let (registry, blob) = filled(&bytes).await;
    let sink = Recorder::default();
    // Each answer brings a third of what is left, and the last ones the rest.
    let asked_for = std::sync::Arc::<std::sync::Mutex<Vec<String>>>::default();
    let ranges = std::sync::Arc::clone(&asked_for);
    let downloads = AtomicUsize::new(0);
    let fetched = fetch(&registry, &blob, &sink, move |asked| {
        if !is_download(asked) {
            return Conduct::Pass;
        }
        let range = asked.head.lines().find(|line| line.starts_with("range:"));
        ranges
            .lock()
            .unwrap()
            .push(range.unwrap_or("whole").to_owned());
        if downloads.fetch_add(1, Ordering::Relaxed) < 5 {
            Conduct::Truncate(100_000)
        } else {
            Conduct::Pass
        }
    })
    .await;
    assert_eq!(fetched.unwrap(), bytes);
    let ranges = asked_for.lock().unwrap().clone();
    assert_eq!(ranges[0], "whole");
    assert_eq!(
        ranges[1..],
        [1, 2, 3, 4, 5].map(|n| format!("range: bytes={n}00000-"))
    );
    assert_eq!(warnings(&sink), 5);
}

#[tokio::test]
async fn a_registry_that_cannot_resume_sends_it_again() {
    let bytes = noise(1 << 20);
    let (registry, blob) = filled(&bytes).await;
    let (sink, downloads) = (Recorder::default(), AtomicUsize::new(0));
    let fetched = fetch(&registry, &blob, &sink, move |asked| {
        match is_download(asked).then(|| downloads.fetch_add(1, Ordering::Relaxed)) {
            Some(0) => Conduct::Truncate(300_000),
            Some(_) => Conduct::Without("range"),
            None => Conduct::Pass,
        }
    })
    .await;
    assert_eq!(fetched.unwrap(), bytes);
}

#[tokio::test]
async fn a_registry_that_always_breaks_off_is_given_up() {
    let (registry, blob) = filled(&noise(100_000)).await;
    let sink = Recorder::default();
    let error = fetch(&registry, &blob, &sink, |asked| {
        if is_download(asked) {
            Conduct::Truncate(0)
        } else {
            Conduct::Pass
        }
    })
    .await
    .expect_err("it never comes");
    assert!(
        matches!(
            error,
            TransportError::Connection { .. } | TransportError::Answer { .. }
        ),
        "{error}"
    );
    assert_eq!(warnings(&sink), impatient().attempts as usize - 1);
}

#[tokio::test]
async fn a_transfer_that_stalls_ends() {
    let bytes = noise(1 << 20);
    let (registry, blob) = filled(&bytes).await;
    let sink = Recorder::default();
    for conduct in [Conduct::Stall(50_000), Conduct::Silence] {
        let error = fetch(&registry, &blob, &sink, move |asked| {
            if is_download(asked) {
                conduct.clone()
            } else {
                Conduct::Pass
            }
        })
        .await
        .expect_err("it stalls");
        assert!(matches!(error, TransportError::Stalled { .. }), "{error}");
    }
    // Pushing as well.
    let proxy = HostileRegistry::start(&registry.address, |asked| match asked.method.as_str() {
        "PUT" => Conduct::Silence,
        _ => Conduct::Pass,
    });
    let at = open(&format!("{}/a/tool", proxy.address), Access::Write, &sink).await;
    let other = noise(70_000);
    let blob = Descriptor::of("application/octet-stream", &other);
    let source = BlobSource::Bytes(other.into());
    let error = at.put(&blob, &source, None).await.expect_err("it stalls");
    assert!(matches!(error, TransportError::Stalled { .. }), "{error}");
}

#[tokio::test]
async fn other_content_is_found_out() {
    let bytes = noise(200_000);
    let (registry, blob) = filled(&bytes).await;
    let sink = Recorder::default();
    let mut changed = bytes.clone();
    changed[150_000] ^= 1;
    let longer = [&bytes[..], b"x"].concat();
    for (other, kind) in [(changed, "digest"), (longer, "size or digest")] {
        let fetched = fetch(&registry, &blob, &sink, move |asked| {
            if is_download(asked) {
                Conduct::Body(other.clone())
            } else {
                Conduct::Pass
            }
        })
        .await;
        let error = fetched.expect_err(kind);
        assert!(
            matches!(
                error,
                TransportError::Digest { .. } | TransportError::Size { .. }
            ),
            "{error}"
        );
    }
    // A manifest that is asked for by its digest, and one that is none.
    let digest = {
        let at = open(&format!("{}/a/tool", registry.address), Access::Read, &sink).await;
        at.digest_of(&tag("v1")).await.unwrap().unwrap()
    };
    let bodies: [&[u8]; 4] = [b"{}", b"", b"[[[[", b"\xff"];
    for body in bodies {
        let body = body.to_vec();
        let proxy = HostileRegistry::start(&registry.address, move |asked| {
            if asked.path.contains("/manifests/") {
                Conduct::Body(body.clone())
            } else {
                Conduct::Pass
            }
        });
        let at = open(&format!("{}/a/tool", proxy.address), Access::Read, &sink).await;
        let by_digest = kmembuild::transport::ArtifactName::Digest(digest.clone());
        let error = at.document(&by_digest).await.expect_err("another one");
        assert!(matches!(error, TransportError::Digest { .. }), "{error}");
        let error = at.document(&tag("v1")).await.expect_err("not a manifest");
        assert!(matches!(error, TransportError::Malformed { .. }), "{error}");
    }
    let proxy = HostileRegistry::start(&registry.address, |asked| {
        if asked.path.contains("/manifests/") {
            Conduct::Body(vec![b' '; (4 << 20) + 1])
        } else {
            Conduct::Pass
        }
    });
    let at = open(&format!("{}/a/tool", proxy.address), Access::Read, &sink).await;
    let error = at.document(&tag("v1")).await.expect_err("too large");
    assert!(matches!(error, TransportError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_busy_registry_is_asked_again_when_it_says() {
    let bytes = noise(10_000);
    let (registry, blob) = filled(&bytes).await;
    for (status, headers) in [
        ("429 Too Many Requests", "retry-after: 1\r\n"),
        ("500 Internal Server Error", ""),
        (
            "503 Service Unavailable",
            "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
        ),
    ] {
        let (sink, begun) = (Recorder::default(), Instant::now());
        let downloads = AtomicUsize::new(0);
        let fetched = fetch(&registry, &blob, &sink, move |asked| {
            if is_download(asked) && downloads.fetch_add(1, Ordering::Relaxed) < 2 {
                Conduct::Answer(status, headers.to_owned())
            } else {
                Conduct::Pass
            }
        })
        .await;
        assert_eq!(fetched.unwrap(), bytes, "{status}");
        assert_eq!(warnings(&sink), 2, "{status}");
        if status.starts_with("429") {
            assert!(
                begun.elapsed().as_millis() >= 2000,
                "it was asked too early"
            );
        }
    }
    // Pushing as well.
    let (sink, folder) = (Recorder::default(), tempfile::tempdir().unwrap());
    let proxy = HostileRegistry::start(&registry.address, |asked| {
        if asked.number.is_multiple_of(2) {
            Conduct::Answer("502 Bad Gateway", String::new())
        } else {
            Conduct::Pass
        }
    });
    let at = open(&format!("{}/a/tool", proxy.address), Access::Write, &sink).await;
    let pushed = put(&at, folder.path(), &noise(50_000), Some("v2")).await;
    let at = open(&format!("{}/a/tool", registry.address), Access::Read, &sink).await;
    assert_eq!(
        at.digest_of(&tag("v2")).await.unwrap(),
        Some(pushed.descriptor.digest)
    );
}

#[tokio::test]
async fn a_registry_that_stays_busy_is_given_up() {
    let (registry, blob) = filled(&noise(1000)).await;
    let sink = Recorder::default();
    let busy = |headers: &'static str| {
        move |_: &Asked| Conduct::Answer("429 Too Many Requests", headers.to_owned())
    };
    let error = fetch(&registry, &blob, &sink, busy(""))
        .await
        .expect_err("busy");
    let TransportError::Busy {
        status, attempts, ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((status, attempts), (429, impatient().attempts));
    let error = fetch(&registry, &blob, &sink, busy("retry-after: 86400\r\n")).await;
    let error = error.expect_err("tomorrow");
    assert!(matches!(error, TransportError::Later { .. }), "{error}");
}

#[tokio::test]
async fn credentials_go_nowhere_else() {
    let (registry, _) = filled(&noise(1000)).await;
    let sink = Recorder::default();
    // A token server without TLS for a registry with it cannot be tried here; what leads elsewhere can.
    for (status, headers) in [
        ("302 Found", "location: http://127.0.0.2:9/x\r\n"),
        ("307 Temporary Redirect", "location: file:///etc/passwd\r\n"),
        (
            "401 Unauthorized",
            "www-authenticate: Bearer realm=\"ftp://x/y\"\r\n",
        ),
        (
            "401 Unauthorized",
            "www-authenticate: Bearer realm=\"not a URL\"\r\n",
        ),
        ("401 Unauthorized", "www-authenticate: Negotiate\r\n"),
        ("401 Unauthorized", ""),
    ] {
        let proxy = HostileRegistry::start(&registry.address, move |_| {
            Conduct::Answer(status, headers.to_owned())
        });
        let at = open(&format!("{}/a/tool", proxy.address), Access::Read, &sink).await;
        let error = at.document(&tag("v1")).await.expect_err(headers);
        assert!(
            matches!(
                error,
                TransportError::Answer { .. }
                    | TransportError::Refused { status: 307, .. }
                    | TransportError::TokenServer { .. }
                    | TransportError::Connection { .. }
            ),
            "{headers}: {error}"
        );
    }
    // An upload that is sent elsewhere, without TLS.
    let proxy = HostileRegistry::start(&registry.address, |asked| match asked.method.as_str() {
        "POST" => Conduct::Answer(
            "202 Accepted",
            "location: http://127.0.0.2:9/x\r\n".to_owned(),
        ),
        _ => Conduct::Pass,
    });
    let at = open(&format!("{}/a/tool", proxy.address), Access::Write, &sink).await;
    let bytes = b"text".to_vec();
    let blob = Descriptor::of("text/plain", &bytes);
    let error = at.put(&blob, &BlobSource::Bytes(bytes.into()), None).await;
    let error = error.expect_err("elsewhere");
    assert!(matches!(error, TransportError::Answer { .. }), "{error}");
}

#[tokio::test]
async fn a_corrupt_layout_gives_nothing() {
    let (sink, folder) = (Recorder::default(), tempfile::tempdir().unwrap());
    let path = folder.path().join("layout");
    let place = format!("oci:{}", path.display());
    let at = open(&place, Access::Write, &sink).await;
    let bytes = noise(5000);
    let document = put(&at, folder.path(), &bytes, Some("v1")).await;
    let blob = Descriptor::of("application/octet-stream", &bytes);
    let file = path.join("blobs/sha256").join(blob.digest.hex());
    for other in [
        &bytes[..4999],
        &[&bytes[..], b"x"].concat(),
        &noise(5001)[1..],
    ] {
        fs::write(&file, other).unwrap();
        let error = at
            .fetch_bytes(&blob, 1 << 20)
            .await
            .expect_err("other bytes");
        assert!(
            matches!(
                error,
                TransportError::Size { .. } | TransportError::Digest { .. }
            ),
            "{error}"
        );
    }
    let manifest = path
        .join("blobs/sha256")
        .join(document.descriptor.digest.hex());
    fs::write(&manifest, "{}").unwrap();
    let error = at.document(&tag("v1")).await.expect_err("another one");
    assert!(matches!(error, TransportError::Digest { .. }), "{error}");
    for index in [
        "",
        "{",
        r#"{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:..","size":1}]}"#,
    ] {
        fs::write(path.join("index.json"), index).unwrap();
        let error = at.document(&tag("v1")).await.expect_err("not an index");
        assert!(matches!(error, TransportError::Malformed { .. }), "{error}");
    }
}

#[tokio::test]
async fn hostile_names_of_files_are_refused() {
    let (registry, sink) = (Registry::start(), Recorder::default());
    let workplace = Workplace::new();
    let reference = format!("{}/a/hostile:v1", registry.address);
    let at = open(&reference, Access::Write, &sink).await;
    let bytes = b"text";
    let layer = Descriptor::of("text/plain", bytes);
    let long = "x".repeat(300);
    let sources = [
        (layer.clone(), &bytes[..]),
        (Descriptor::of(EMPTY_TYPE, EMPTY), EMPTY),
    ];
    for (blob, bytes) in sources {
        let source = BlobSource::Bytes(bytes.to_vec().into());
        at.put(&blob, &source, None).await.unwrap();
    }
    let names: [&[&str]; 10] = [
        &["../a"],
        &["/tmp/a"],
        &["a/b"],
        &[".."],
        &["."],
        &[""],
        &["a\u{1b}[31m"],
        &["a\0b"],
        &[&long],
        &["a", "a"],
    ];
    for names in names {
        let layers = names
            .iter()
            .map(|name| layer.clone().annotated(TITLE, *name));
        let manifest =
            Manifest::of_artifact("application/vnd.kmembuild.result.v1", layers.collect());
        at.put_document(&manifest.into(), Some("v1")).await.unwrap();
        let refused = workplace.run(&["pull", &reference, "hostile"]).code(17);
        let refused = refused.says("a file that kmembuild never pushes");
        assert!(!refused.stderr.contains('\u{1b}'), "{names:?}");
        assert_eq!(
            std::fs::read_dir(workplace.path()).unwrap().count(),
            0,
            "{names:?}"
        );
    }
}
