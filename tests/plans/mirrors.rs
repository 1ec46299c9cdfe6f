//! Where an image is looked for.

use kmembuild::plan::{BaseImage, Places, PlannedImage, candidates};
use kmembuild::recipe::RegistryPrefix;
use std::collections::BTreeMap;

use super::case::Case;

fn places<'a>(
    first: &'a [RegistryPrefix],
    moved_registries: &'a BTreeMap<RegistryPrefix, RegistryPrefix>,
    last: &'a [RegistryPrefix],
) -> Places<'a> {
    Places {
        first,
        moved_registries,
        also: &[],
        last,
    }
}

fn list(words: &[&str]) -> Vec<RegistryPrefix> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

#[test]
fn an_official_image_is_looked_for_with_and_without_library() {
    assert_eq!(
        candidates(
            "golang:1.12-stretch",
            &places(
                &list(&["127.0.0.1:5000/hub/"]),
                &BTreeMap::new(),
                &list(&["mirror.example"])
            )
        ),
        [
            "127.0.0.1:5000/hub/library/golang:1.12-stretch",
            "127.0.0.1:5000/hub/golang:1.12-stretch",
            "golang:1.12-stretch",
            "mirror.example/library/golang:1.12-stretch",
            "mirror.example/golang:1.12-stretch",
        ]
    );
}

#[test]
fn the_registry_of_a_name_is_replaced() {
    assert_eq!(
        candidates(
            "k8s.gcr.io/build-image/kube-cross:v1",
            &places(&list(&["m.example/g"]), &BTreeMap::new(), &[])
        ),
        [
            "m.example/g/build-image/kube-cross:v1",
            "m.example/g/kube-cross:v1",
            "k8s.gcr.io/build-image/kube-cross:v1"
        ]
    );
    assert_eq!(
        candidates(
            "team/tool:1",
            &places(&list(&["m.example"]), &BTreeMap::new(), &[])
        )[0],
        "m.example/team/tool:1"
    );
    assert_eq!(
        candidates("runc_dev:rc10", &places(&[], &BTreeMap::new(), &[])),
        ["runc_dev:rc10"]
    );
}

#[test]
fn a_plan_of_somebody_else_does_not_say_where_images_come_from() {
    let case = Case::runc("v1.0.0-rc10");
    let mut plan = case.plan();
    plan.image = PlannedImage::Registry(BaseImage {
        name: "golang:1.13".to_owned(),
        candidates: vec!["evil.example/golang:1.13".to_owned()],
    });
    let recipe = &case.recipe;
    let plan = plan.with_images_from(&list(&["m.example"]), recipe);
    let PlannedImage::Registry(base) = plan.image else {
        panic!("the way to the image has changed");
    };
    let own = ["m.example/library/golang:1.13", "m.example/golang:1.13"];
    assert_eq!(base.candidates[..2], own);
    let mut candidates = base.candidates.iter();
    assert!(!candidates.any(|candidate| candidate.contains("evil")));
}

#[test]
fn a_registry_that_is_gone_is_asked_for_at_its_heir() {
    let moved_registries = BTreeMap::from(
        [
            ("us.gcr.io/k8s-artifacts-prod", "new.example"),
            ("k8s.gcr.io", "new.example"),
        ]
        .map(|(old, new)| (old.parse().unwrap(), new.parse().unwrap())),
    );
    let also = ["other.example/k8s/kube-cross".parse().unwrap()];
    let places = Places {
        also: &also,
        ..places(&[], &moved_registries, &[])
    };
    assert_eq!(
        candidates(
            "us.gcr.io/k8s-artifacts-prod/build-image/kube-cross:v1",
            &places
        ),
        [
            "new.example/build-image/kube-cross:v1",
            "new.example/kube-cross:v1",
            "other.example/k8s/kube-cross:v1",
        ]
    );
    let mirror = list(&["m.example"]);
    let mirrored = Places {
        first: &mirror,
        ..places
    };
    assert_eq!(
        candidates(
            "us.gcr.io/k8s-artifacts-prod/build-image/kube-cross:v1",
            &mirrored
        )[..3],
        [
            "m.example/k8s-artifacts-prod/build-image/kube-cross:v1",
            "m.example/build-image/kube-cross:v1",
            "m.example/kube-cross:v1",
        ]
    );
    assert_eq!(
        candidates("k8s.gcr.io/kube-cross:v1", &places),
        [
            "new.example/kube-cross:v1",
            "other.example/k8s/kube-cross:v1"
        ]
    );
    // A prefix matches whole parts of a name only.
    assert_eq!(
        candidates("k8s.gcr.io.example/kube-cross:v1", &places)[0],
        "k8s.gcr.io.example/kube-cross:v1"
    );
}
