//! Where an image is looked for.

use kmembuild::plan::{BaseImage, Places, PlannedImage, candidates};
use std::collections::BTreeMap;

use super::case::Case;

fn places<'a>(
    first: &'a [String],
    moved_registries: &'a BTreeMap<String, String>,
    last: &'a [String],
) -> Places<'a> {
    Places {
        first,
        moved_registries,
        also: &[],
        last,
    }
}

fn list(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
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
fn further_mirrors_come_before_what_was_planned() {
    let mut plan = Case::runc("v1.0.0-rc10").plan();
    plan.image = PlannedImage::Registry(BaseImage {
        name: "k8s.gcr.io/kube-cross:v1".to_owned(),
        candidates: list(&["new.example/kube-cross:v1", "m.example/kube-cross:v1"]),
    });
    let PlannedImage::Registry(base) = plan.with_mirrors(&list(&["m.example"])).image else {
        panic!("the way to the image has changed");
    };
    assert_eq!(
        base.candidates,
        ["m.example/kube-cross:v1", "new.example/kube-cross:v1"]
    );
}

#[test]
fn a_registry_that_is_gone_is_asked_for_at_its_heir() {
    let moved_registries = BTreeMap::from(
        [
            ("us.gcr.io/k8s-artifacts-prod", "new.example"),
            ("k8s.gcr.io", "new.example"),
        ]
        .map(|(old, new)| (old.to_owned(), new.to_owned())),
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
