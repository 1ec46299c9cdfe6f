//! Pulls from registries that work, that refuse and that never answer.

use std::fs;
use std::time::Duration;

use kmembuild::engine::{Engine, EngineError, LABEL_RUN};
use kmembuild::events::Event;

use crate::support::archive::zeros;
use crate::support::recorder::Recorder;
use crate::support::registry::{Pulled, Registry, SilentRegistry, free_address};
use crate::support::scratch::Scratch;

const STALL: Duration = Duration::from_secs(30);

/// An image of one layer that no other test has, so that a pull has something to do.
async fn layer(scratch: &Scratch) -> String {
    let label = format!("LABEL {LABEL_RUN}={}", scratch.run);
    let name = format!("{}:layer", scratch.run);
    Scratch::engine()
        .await
        .import_image(zeros(&scratch.run, 3), &name, &[label])
        .await
        .unwrap()
}

#[tokio::test]
async fn a_pull_reports_its_layers() {
    let scratch = Scratch::new("pull");
    let engine = Scratch::engine().await;
    let id = layer(&scratch).await;
    let registry = Registry::start();
    let reference = registry.push(&id, "test/layer:1");
    crate::support::docker_command::docker(&["rmi", &format!("{}:layer", scratch.run)]);
    assert_eq!(engine.image(&id).await.unwrap(), None);

    let _pulled = Pulled(reference.clone());
    let recorder = Recorder::default();
    engine.pull(&reference, STALL, &recorder).await.unwrap();
    let image = engine.image(&reference).await.unwrap().unwrap();
    assert_eq!(image.id, id);
    assert!(image.repo_digests[0].contains("@sha256:"), "{image:?}");
    let last = recorder.events().pop().expect("a layer was reported");
    assert!(
        matches!(&last, Event::Transfer { action, current, total, .. } if action == "complete" && current == total && *total > 0),
        "{last:?}"
    );

    // By digest, and a second time.
    engine
        .pull(&image.repo_digests[0], STALL, &recorder)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_pull_uses_the_credentials_of_the_registry() {
    let scratch = Scratch::new("credentials");
    let id = layer(&scratch).await;
    // In base64 this needs a character that differs between the two alphabets, wherever it ends up in the header.
    let password = "a~~~~?>>>>";
    let registry = Registry::start_for("me", password);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    let pair = crate::support::registry::base64(&format!("me:{password}"));
    fs::write(
        &file,
        format!(
            r#"{{"auths": {{"{}": {{"auth": "{pair}"}}}}}}"#,
            registry.address
        ),
    )
    .unwrap();
    let reference = registry.push_as(folder.path().to_str().unwrap(), &id, "test/secret:1");

    let _pulled = Pulled(reference.clone());
    let engine = Scratch::engine().await;
    let refused = engine.pull(&reference, STALL, &Recorder::default()).await;
    assert!(
        matches!(refused, Err(EngineError::Refused { .. })),
        "{refused:?}"
    );
    let engine = engine.with_credentials(Some(file));
    engine
        .pull(&reference, STALL, &Recorder::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_pull_that_cannot_work_has_the_engines_words() {
    let engine = Scratch::engine().await;
    let registry = Registry::start();
    for (reference, word) in [
        (format!("{}/test/none:1", free_address()), "refused"),
        (format!("{}/test/none:1", registry.address), "manifest"),
        ("Not A Reference".to_owned(), "reference"),
    ] {
        let error = engine
            .pull(&reference, STALL, &Recorder::default())
            .await
            .unwrap_err();
        let EngineError::Refused { source, .. } = &error else {
            panic!("{reference}: {error:?}");
        };
        assert!(source.to_string().contains(word), "{reference}: {source}");
        assert!(error.to_string().contains(&reference));
    }
}

#[tokio::test]
async fn a_registry_that_never_answers_is_given_up() {
    let silent = SilentRegistry::start();
    let error = Scratch::engine()
        .await
        .pull(
            &format!("{}/test/silent:1", silent.address),
            Duration::from_secs(1),
            &Recorder::default(),
        )
        .await
        .unwrap_err();
    assert!(
        matches!(error, EngineError::Stalled { limit, .. } if limit == Duration::from_secs(1)),
        "{error:?}"
    );
}
