//! Pulls from registries that work, that refuse and that never answer.

use std::fs;
use std::time::Duration;

use kmembuild::engine::{
    Address, ClientSettings, Engine, EngineError, Image, ImageContent, ImageSource, connect_docker,
};
use kmembuild::events::Event;
use tokio_util::sync::CancellationToken;

use crate::support::archive::zeros;
use crate::support::recorder::Recorder;
use crate::support::registry::{Pulled, Registry, SilentRegistry, free_address};
use crate::support::scratch::{Scratch, image_of};

const STALL: Duration = Duration::from_secs(30);

/// An image of one layer that no other test has, so that a pull has something to do.
async fn layer(scratch: &Scratch) -> String {
    let name = format!("{}:layer", scratch.run);
    image_of(zeros(&scratch.run, 3), &name, scratch).await.id
}

async fn pull(engine: &dyn Engine, reference: &str) -> Result<Image, EngineError> {
    pull_as(engine, reference, None, STALL, &Recorder::default()).await
}

/// Pulls under the name that the image has there.
async fn pull_as(
    engine: &dyn Engine,
    reference: &str,
    expected: Option<ImageContent>,
    stall: Duration,
    recorder: &Recorder,
) -> Result<Image, EngineError> {
    let source = ImageSource::Registry {
        reference: reference.to_owned(),
        expected,
        stall,
    };
    let cancel = CancellationToken::new();
    let provided = engine.provide(reference, source, recorder, &cancel);
    Ok(provided.await?.expect("nothing stops it"))
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
    let image = pull_as(&*engine, &reference, None, STALL, &recorder).await;
    let image = image.unwrap();
    let named = engine.image(&reference).await.unwrap();
    assert_eq!(named.as_ref(), Some(&image));
    assert_eq!(image.id, id);
    assert!(image.repo_digests[0].contains("@sha256:"), "{image:?}");
    let last = recorder.events().pop().expect("a layer was reported");
    assert!(
        matches!(&last, Event::Transfer { action, current, total, .. } if action == "complete" && current == total && *total > 0),
        "{last:?}"
    );

    // By digest, and a second time.
    pull(&*engine, &image.repo_digests[0]).await.unwrap();

    // One with other content than expected does not get the name.
    let other = ImageContent {
        layers: vec!["sha256:0".to_owned()],
        ..image.content.clone()
    };
    let recorder = Recorder::default();
    let refused = pull_as(&*engine, &reference, Some(other), STALL, &recorder).await;
    assert!(
        matches!(&refused, Err(EngineError::OtherContent { found, .. }) if *found == image.content),
        "{refused:?}"
    );
    assert_eq!(engine.image(&reference).await.unwrap(), None);
    let expected = Some(image.content.clone());
    let again = pull_as(&*engine, &reference, expected, STALL, &recorder).await;
    assert_eq!(again.unwrap().id, id);
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
    let sources = ClientSettings {
        file: Some(file),
        ..ClientSettings::default()
    };
    let engine = Scratch::engine().await;
    let refused = pull(&*engine, &reference).await;
    assert!(
        matches!(refused, Err(EngineError::Refused { .. })),
        "{refused:?}"
    );
    let engine = connect_docker(&Address::default(), Some(sources)).await;
    pull(&*engine.unwrap(), &reference).await.unwrap();
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
        let error = pull(&*engine, &reference).await.unwrap_err();
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
    let error = pull_as(
        &*Scratch::engine().await,
        &format!("{}/test/silent:1", silent.address),
        None,
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
