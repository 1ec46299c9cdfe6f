//! Where the toolchain image comes from.

use std::fs;

use kmembuild::engine::{Engine, EngineError, LABEL_IDENTITY};
use kmembuild::events::Event;
use kmembuild::execute::{ExecuteError, find_image, image_name};
use serde_json::json;

use super::place::{IMAGE, MIRRORS, Place, SUCCESS, by_dockerfile, engine_with_make, plan};
use crate::support::memory_engine::image;

fn place() -> Place {
    Place::new(engine_with_make(SUCCESS))
}

#[tokio::test]
async fn an_image_is_pulled_from_the_first_place_that_has_it() {
    let place = place();
    place.engine.state().registries.remove(MIRRORS[0]);
    let (plan, run) = (plan(|_| ()), place.begin());
    assert_eq!(find_image(&plan, &place.engine).await.unwrap(), None);
    let used = place.provide(&plan, &run).await.unwrap();
    assert_eq!(used.pulled[IMAGE].as_deref(), Some(MIRRORS[1]));
    assert_eq!(place.engine.state().asked, MIRRORS);
    let failed =
        |event: &Event| matches!(event, Event::MirrorFailed { mirror, .. } if mirror == MIRRORS[0]);
    assert!(place.recorder.events().iter().any(failed));

    // It has its name now, and is not asked for again.
    let found = find_image(&plan, &place.engine).await.unwrap();
    assert_eq!(found, Some(used.image));
    let again = place.provide(&plan, &run).await.unwrap();
    assert_eq!(again.pulled[IMAGE], None);
    assert_eq!(place.engine.state().asked.len(), 2);
}

#[tokio::test]
async fn an_image_that_no_place_has_names_every_place_with_its_reason() {
    let place = place();
    place.engine.state().registries.clear();
    let error = place.build(&plan(|_| ())).await.unwrap_err();
    let ExecuteError::ImageUnavailable { failed, .. } = &error else {
        panic!("{error:?}");
    };
    let tried: Vec<_> = failed.iter().map(|one| one.reference.as_str()).collect();
    assert_eq!(tried, MIRRORS);
    assert!(failed[0].reason.contains("not found"), "{failed:?}");
}

#[tokio::test]
async fn only_the_locked_image_is_taken() {
    let mut place = place();
    let other = image("other");
    place.locked = [(IMAGE.to_owned(), image("toolchain").content)].into();
    // Neither the one that is there already nor that of the first mirror.
    let there = (IMAGE.to_owned(), other.clone());
    place.engine.state().images.extend([there]);
    place
        .engine
        .state()
        .registries
        .insert(MIRRORS[0].to_owned(), other.clone());
    let run = place.begin();
    let used = place.provide(&plan(|_| ()), &run).await.unwrap();
    assert_eq!(used.pulled[IMAGE].as_deref(), Some(MIRRORS[1]));
    assert_eq!(used.image.id, "image-toolchain");

    place.locked = [(IMAGE.to_owned(), image("third").content)].into();
    let error = place.provide(&plan(|_| ()), &run).await.unwrap_err();
    let ExecuteError::ImageMoved { found, locked, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (found, locked),
        (
            &image("toolchain").content.layers,
            &image("third").content.layers
        )
    );
}

#[tokio::test]
async fn offline_takes_only_what_is_there() {
    let mut place = place();
    place.offline = true;
    for plan in [plan(|_| ()), plan(|plan| plan["image"] = by_dockerfile())] {
        let error = place.build(&plan).await.unwrap_err();
        assert!(matches!(error, ExecuteError::Offline { .. }), "{error:?}");
    }
    assert_eq!(place.engine.state().asked, Vec::<String>::new());
    let there = image("toolchain");
    place.engine.state().images.insert(IMAGE.to_owned(), there);
    place.build(&plan(|_| ())).await.unwrap();
}

#[tokio::test]
async fn an_image_is_built_once_and_known_by_its_identity() {
    let place = place();
    let plan = plan(|plan| plan["image"] = by_dockerfile());
    place.build(&plan).await.unwrap();
    place.build(&plan).await.unwrap();
    assert_eq!(place.engine.state().asked, ["Dockerfile"]);
    // One of that name and of another identity is not it.
    let name = image_name(&plan);
    let mut other = place.engine.image(&name).await.unwrap().unwrap();
    let identity = (LABEL_IDENTITY.to_owned(), "another".to_owned());
    other.labels.extend([identity]);
    place.engine.state().images.insert(name, other);
    assert_eq!(find_image(&plan, &place.engine).await.unwrap(), None);
    place.build(&plan).await.unwrap();
    assert_eq!(place.engine.state().asked.len(), 2);
}

#[tokio::test]
async fn what_somebody_elses_plan_makes_has_a_name_of_its_own() {
    let mut place = place();
    place.own_images = true;
    let plan = plan(|plan| plan["image"] = by_dockerfile());
    let run = place.begin();
    let made = place.provide(&plan, &run).await.unwrap();
    assert!(
        made.name.starts_with("kmembuild/reproduced/"),
        "{}",
        made.name
    );
    assert_eq!(find_image(&plan, &place.engine).await.unwrap(), None);
    // It is found again by its own kind, and by no other build.
    place.provide(&plan, &run).await.unwrap();
    assert_eq!(place.engine.state().asked, ["Dockerfile"]);
    place.own_images = false;
    let shared = place.provide(&plan, &run).await.unwrap();
    assert_eq!(shared.name, image_name(&plan));
    assert_eq!(place.engine.state().asked.len(), 2);
    // What an ordinary build made is good for a reproduction as well.
    place.own_images = true;
    assert_eq!(place.provide(&plan, &run).await.unwrap().name, shared.name);
}

#[tokio::test]
async fn an_image_build_can_be_stopped() {
    let place = place();
    place.engine.state().endless_build = true;
    let plan = plan(|plan| plan["image"] = by_dockerfile());
    let stop = async {
        while !place.recorder.lines().contains(&"building".to_owned()) {
            tokio::task::yield_now().await;
        }
        place.cancel.cancel();
    };
    let (built, ()) = tokio::join!(place.build(&plan), stop);
    assert!(matches!(built, Err(ExecuteError::Interrupted)), "{built:?}");
    assert_eq!(find_image(&plan, &place.engine).await.unwrap(), None);
}

#[tokio::test]
async fn an_image_comes_out_of_an_archive() {
    let mut place = place();
    let archive = place.path("archives").join("image.tar");
    fs::write(&archive, "sha256:1").unwrap();
    place.archive = Some(archive);
    let of_archive = |id: &str| {
        let image = json!({"archive": {"image-id": id}});
        plan(|plan| plan["image"] = image)
    };
    let error = place.build(&of_archive("sha256:2")).await.unwrap_err();
    assert!(
        matches!(&error, ExecuteError::ImageNotInArchive { image_id, .. } if image_id == "sha256:2"),
        "{error:?}"
    );
    place.build(&of_archive("sha256:1")).await.unwrap();
}

#[tokio::test]
async fn an_image_for_other_processors_is_refused() {
    let place = place();
    let mut other = image("other");
    other.content.architecture = "arm64".to_owned();
    let first = MIRRORS[0].to_owned();
    place.engine.state().registries.insert(first, other);
    let error = place.build(&plan(|_| ())).await.unwrap_err();
    assert!(
        matches!(&error, ExecuteError::ImageArchitecture { found, .. } if found == "arm64"),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_engine_that_is_full_is_not_the_mirrors_fault() {
    // What the engine itself cannot do is not tried again with another mirror.
    let error = EngineError::DiskFull {
        operation: "pull".to_owned(),
        source: "no space left on device".into(),
    };
    let place = place();
    place.engine.state().pull_fails = Some(error);
    let error = place.build(&plan(|_| ())).await.unwrap_err();
    assert!(
        matches!(
            &error,
            ExecuteError::Engine {
                stage: "image",
                source: EngineError::DiskFull { .. }
            }
        ),
        "{error:?}"
    );
    assert_eq!(place.engine.state().asked, [MIRRORS[0]]);
}
