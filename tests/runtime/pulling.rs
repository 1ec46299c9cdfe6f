//! Images of a real registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kmembuild::engine::{Engine, EngineError, Image, ImageContent, ImageSource};
use kmembuild::events::Event;
use tokio_util::sync::CancellationToken;

use super::place::{engine, names};
use crate::support::docker_command::docker;
use crate::support::recorder::Recorder;
use crate::support::registry::Registry;
use crate::support::small_image::small_root;

/// An image of two layers that Docker made and pushed; its name in the registry, its id and its layers.
pub fn pushed(registry: &Registry, folder: &Path, name: &str) -> (String, String, Vec<String>) {
    let root = folder.join("root.tar");
    fs::write(&root, small_root()).unwrap();
    let base = format!("kmembuild-test-{name}-base:1");
    let image = format!("kmembuild-test-{name}:1");
    docker(&[
        "import",
        "--change",
        "ENV PATH=/bin",
        root.to_str().unwrap(),
        &base,
    ]);
    fs::write(
        folder.join("Dockerfile"),
        format!("FROM {base}\nRUN echo upper >/etc/upper && rm /bin/find\n"),
    )
    .unwrap();
    docker(&[
        "build",
        "--quiet",
        "--network=none",
        "--tag",
        &image,
        folder.to_str().unwrap(),
    ]);
    let reference = registry.push(&image, &format!("team/{name}:1"));
    let inspected = |form: &str| docker(&["image", "inspect", "--format", form, &image]);
    let id = inspected("{{.Id}}").trim().to_owned();
    let layers = inspected("{{range .RootFS.Layers}}{{println .}}{{end}}");
    let layers = layers.lines().filter(|line| !line.is_empty());
    let layers = layers.map(str::to_owned).collect();
    docker(&["image", "rm", "--force", &image, &base]);
    (reference, id, layers)
}

async fn pull(
    engine: &dyn Engine,
    reference: &str,
    expected: Option<ImageContent>,
    recorder: &Recorder,
) -> Result<Option<Image>, EngineError> {
    let source = ImageSource::Registry {
        reference: reference.to_owned(),
        expected,
        stall: Duration::from_secs(30),
    };
    let cancel = CancellationToken::new();
    engine
        .provide("toolchain:1", source, recorder, &cancel)
        .await
}

fn transfers(recorder: &Recorder) -> usize {
    let is_transfer = |event: &&Event| matches!(event, Event::Transfer { .. });
    recorder.events().iter().filter(is_transfer).count()
}

/// The files of blobs in the registry's storage, the largest last.
fn blobs(storage: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![storage.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap().flatten() {
            if entry.path().is_dir() {
                directories.push(entry.path());
            } else if entry.file_name() == "data" {
                found.push(entry.path());
            }
        }
    }
    found.sort_by_key(|path| fs::metadata(path).unwrap().len());
    found
}

#[tokio::test]
async fn an_image_of_a_registry_is_the_same_as_docker_has() {
    let (folder, engine) = engine().await;
    let registry = Registry::start();
    let (reference, id, layers) = pushed(&registry, folder.path(), "runtime-pull");
    let recorder = Recorder::default();
    let image = pull(&*engine, &reference, None, &recorder)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(image.id, id);
    assert_eq!(image.content.layers, layers);
    assert_eq!(image.content.environment, ["PATH=/bin"]);
    let [digest] = image.repo_digests.as_slice() else {
        panic!("{:?}", image.repo_digests);
    };
    let repository = reference.rsplit_once(':').unwrap().0;
    assert!(
        digest.starts_with(&format!("{repository}@sha256:")),
        "{digest}"
    );
    assert!(transfers(&recorder) >= 3);
    let images = folder.path().join("cache/runtime/images");
    let root = images.join(id.trim_start_matches("sha256:")).join("root");
    assert_eq!(
        fs::read_to_string(root.join("etc/upper")).unwrap(),
        "upper\n"
    );
    assert!(!root.join("bin/find").exists());
    assert_eq!(names(&root.join("..")), ["image.json", "root"]);

    // It has the name, is found by it, and is not fetched again; by its digest as little.
    let found = engine.image("toolchain:1").await.unwrap().unwrap();
    assert_eq!(found.id, id);
    for reference in [&reference, digest] {
        let recorder = Recorder::default();
        let again = pull(&*engine, reference, None, &recorder)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(again, image);
        // Its configuration only.
        assert_eq!(transfers(&recorder), 1);
    }

    // Another content than the expected one is not taken.
    let other = ImageContent {
        layers: vec![format!("sha256:{}", "0".repeat(64))],
        ..image.content.clone()
    };
    let refused = pull(&*engine, &reference, Some(other), &Recorder::default()).await;
    let Err(EngineError::OtherContent { found, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(found, image.content);
    let expected = Some(image.content.clone());
    let same = pull(&*engine, &reference, expected, &recorder).await;
    assert_eq!(same.unwrap().unwrap(), image);
}

#[tokio::test]
async fn what_is_missing_or_changed_is_not_kept() {
    let (folder, engine) = engine().await;
    let storage = folder.path().join("storage");
    fs::create_dir(&storage).unwrap();
    let registry = Registry::start_in(&storage);
    let (reference, ..) = pushed(&registry, folder.path(), "runtime-changed");
    let images = folder.path().join("cache/runtime/images");
    let failed = |result: Result<Option<Image>, EngineError>, text: &str| {
        let error = kmembuild::failure::with_causes(&result.expect_err("it fails"));
        assert!(error.contains(text), "{error}");
        assert_eq!(names(&images), [""; 0], "{error}");
    };
    let recorder = Recorder::default();
    let (repository, _) = reference.rsplit_once(':').unwrap();
    let missing = format!("{repository}:2");
    failed(pull(&*engine, &missing, None, &recorder).await, "not found");
    failed(
        pull(&*engine, "127.0.0.1:1/team/x:1", None, &recorder).await,
        "no connection",
    );
    failed(pull(&*engine, "No Name", None, &recorder).await, "No Name");
    // The largest blob is a layer.
    let layer = blobs(&storage).pop().expect("blobs");
    let whole = fs::read(&layer).unwrap();
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    fs::write(&layer, &changed).unwrap();
    failed(
        pull(&*engine, &reference, None, &recorder).await,
        "gave other content",
    );
    fs::write(&layer, &whole).unwrap();
    pull(&*engine, &reference, None, &recorder)
        .await
        .unwrap()
        .unwrap();

    // Who stops before it begins gets nothing.
    let cancel = CancellationToken::new();
    cancel.cancel();
    let source = ImageSource::Registry {
        reference,
        expected: None,
        stall: Duration::from_secs(30),
    };
    let stopped = engine.provide("other:1", source, &recorder, &cancel).await;
    assert!(stopped.unwrap().is_none());
}
