//! What the tool left on the engine is found and removed.

use kmembuild::engine::{Cache, EngineError, GuestPath, LABEL_RUN, Leftover, LeftoverKind};

use crate::support::archive::stream_of;
use crate::support::scratch::{Scratch, image_of, run};

#[tokio::test]
async fn leftovers_are_found_and_removed() {
    let scratch = Scratch::new("owned");
    let engine = Scratch::engine().await;
    let mine = async || -> Vec<Leftover> {
        let found = engine.leftovers().await.unwrap();
        found
            .into_iter()
            .filter(|thing| thing.labels.get(LABEL_RUN) == Some(&scratch.run))
            .collect()
    };
    let image = format!("{}:left", scratch.run);
    image_of(stream_of(&[("a", 0o644, b"a")]), &image, &scratch).await;
    let volume = format!("{}-volume", scratch.run);
    let mut spec = scratch.spec();
    spec.caches = vec![Cache {
        key: volume.clone(),
        path: GuestPath::new("/volume"),
    }];
    let session = engine.open(&spec).await.unwrap();

    let found = mine().await;
    let brief: Vec<_> = found
        .iter()
        .map(|thing| (thing.kind, thing.name.as_str(), thing.running))
        .collect();
    assert_eq!(
        brief,
        [
            (LeftoverKind::Container, scratch.run.as_str(), true),
            (LeftoverKind::Volume, volume.as_str(), false),
            (LeftoverKind::Image, image.as_str(), false),
        ]
    );
    assert_eq!(found[2].size, Some(1));
    let (_, lines) = run(session.as_ref(), "echo text >/volume/file").await;
    assert_eq!(lines, [""; 0]);
    let uses = engine.as_docker().unwrap().volume_uses().await.unwrap();
    let of_volume = uses[&volume];
    assert_eq!(of_volume.containers, Some(1));
    assert_eq!(of_volume.size, Some(5));
    // A volume in use is refused, not torn away from under its container.
    let refused = engine.remove(&found[1]).await;
    assert!(
        matches!(refused, Err(EngineError::InUse { .. })),
        "{refused:?}"
    );
    for thing in &found {
        engine.remove(thing).await.unwrap();
    }
    assert_eq!(mine().await, []);
    for thing in &found {
        engine.remove(thing).await.unwrap();
    }
    session.close().await.unwrap();
}
