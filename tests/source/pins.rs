//! Who may say which commit a tag is.

use std::collections::BTreeMap;

use super::upstream::{FreshStore, Upstream, request};
use crate::support::git_server::GitServer;
use kmembuild::source::{FetchRequest, SourceError};

/// A request for which nobody's word is taken but that of `upstream`: another tag is pinned.
fn strict(wanted: &str, urls: &[&str], upstream: &str) -> FetchRequest {
    FetchRequest {
        pins: BTreeMap::from([("v0.0.1".to_owned(), "1".repeat(40))]),
        upstream: Some(upstream.to_owned()),
        unpinned: false,
        ..request(wanted, urls)
    }
}

fn pinned(request: FetchRequest, pins: &[(&str, &str)]) -> FetchRequest {
    let pins = pins.iter();
    let pins = pins.map(|(tag, commit)| ((*tag).to_owned(), (*commit).to_owned()));
    FetchRequest {
        pins: pins.collect(),
        ..request
    }
}

fn commit_of(upstream: &Upstream, tag: &str) -> String {
    upstream.git(&["rev-parse", &format!("{tag}^{{commit}}")])
}

#[tokio::test]
async fn a_tag_without_a_pin_comes_from_upstream_only() {
    let releases = Upstream::with_releases();
    let git = GitServer::start(&releases.served());
    let (url, dead) = (git.url("upstream.git"), "http://127.0.0.1:1/dead.git");
    let fresh = FreshStore::new();
    let refused = fresh.fetch(&strict("v1.0.0", &[dead, &url], dead)).await;
    let Err(SourceError::Unpinned { wanted, failed }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(wanted, "v1.0.0");
    let asked: Vec<_> = failed.iter().map(|mirror| mirror.url.as_str()).collect();
    assert_eq!(asked, [dead, &url]);
    assert!(failed[1].reason.starts_with("not asked"), "{failed:?}");
    assert_eq!(git.requests(), Vec::<String>::new());

    // The same for what the digits of a commit mean, and for a directory of this machine.
    let commit = commit_of(&releases, "v1.0.0");
    let folder = releases.bare().display().to_string();
    for wanted in ["1.0.0", "v1.0.0-rc10", &commit[..7], &commit[..39]] {
        for mirror in [&url, &folder] {
            let refused = fresh.fetch(&strict(wanted, &[mirror], dead)).await;
            let is_refused = matches!(refused, Err(SourceError::Unpinned { .. }));
            assert!(is_refused, "{wanted} from {mirror}: {refused:?}");
        }
    }
    let served = fresh.fetch(&strict("v1.0.0", &[dead, &url], &url)).await;
    let served = served.unwrap();
    assert_eq!((served.commit, served.unpinned), (commit, false));
}

#[tokio::test]
async fn what_a_mirror_said_on_request_is_told_and_not_taken_for_more() {
    let releases = Upstream::with_releases();
    let git = GitServer::start(&releases.served());
    let (url, dead) = (git.url("upstream.git"), "http://127.0.0.1:1/dead.git");
    let fresh = FreshStore::new();
    let on_request = FetchRequest {
        unpinned: true,
        ..strict("v1.0.0", &[&url], dead)
    };
    for from_store in [false, true] {
        let served = fresh.fetch(&on_request).await.unwrap();
        assert_eq!((served.from_store, served.unpinned), (from_store, true));
    }
    // It is in the store, from that mirror, and still nobody else's word for it.
    let refused = fresh.fetch(&strict("v1.0.0", &[&url], dead)).await;
    let is_refused = matches!(refused, Err(SourceError::Unpinned { .. }));
    assert!(is_refused, "{refused:?}");
    let commit = commit_of(&releases, "v1.0.0");
    let known = pinned(strict("v1.0.0", &[&url], dead), &[("v1.0.0", &commit)]);
    let served = fresh.fetch(&known).await.unwrap();
    assert!(served.from_store && !served.unpinned);
}

#[tokio::test]
async fn a_whole_commit_comes_from_anywhere_and_its_name_from_a_pin() {
    let releases = Upstream::with_releases();
    let git = GitServer::start(&releases.served());
    let (url, dead) = (git.url("upstream.git"), "http://127.0.0.1:1/dead.git");
    let commit = commit_of(&releases, "v1.0.0");
    let folder = releases.bare().display().to_string();
    for mirror in [&url, &folder] {
        let fresh = FreshStore::new();
        // Fetched, and out of the store.
        for _ in 0..2 {
            let served = fresh
                .fetch(&strict(&commit, &[mirror], dead))
                .await
                .unwrap();
            assert_eq!((served.tag, served.unpinned), (None, false));
            assert_eq!(served.commit, commit);
            let known = pinned(
                strict(&commit[..8], &[mirror], dead),
                &[("v1.0.0", &commit)],
            );
            let served = fresh.fetch(&known).await.unwrap();
            assert_eq!(served.tag.as_deref(), Some("v1.0.0"));
            assert!(!served.unpinned);
        }
    }
}

#[tokio::test]
async fn a_tag_that_is_written_a_little_differently_does_not_take_the_place_of_the_pinned_one() {
    let releases = Upstream::with_releases();
    let commit = commit_of(&releases, "v1.0.0");
    // As a mirror could have it: other code under the words that people type.
    for name in ["1.0.0", &commit[..8]] {
        releases.git(&["tag", name, "v0.9.0"]);
    }
    releases.publish();
    let git = GitServer::start(&releases.served());
    let url = git.url("upstream.git");
    let fresh = FreshStore::new();
    for wanted in ["1.0.0", "v1.0.0", &commit[..8]] {
        let known = pinned(request(wanted, &[&url]), &[("v1.0.0", &commit)]);
        for asked in [
            known.clone(),
            FetchRequest {
                unpinned: false,
                ..known
            },
        ] {
            let served = fresh.fetch(&asked).await.unwrap();
            assert_eq!(served.commit, commit, "{wanted}");
            assert!(!served.unpinned);
        }
    }
}

#[tokio::test]
async fn where_nothing_is_pinned_any_repository_will_do() {
    let releases = Upstream::with_releases();
    let folder = releases.bare().display().to_string();
    let dead = "http://127.0.0.1:1/dead.git";
    let request = pinned(strict("v1.0.0", &[&folder], dead), &[]);
    let served = FreshStore::new().fetch(&request).await.unwrap();
    assert_eq!(served.tag.as_deref(), Some("v1.0.0"));
    assert!(!served.unpinned);
}

#[tokio::test]
async fn a_pin_holds_with_and_without_unpinned() {
    let releases = Upstream::with_releases();
    let folder = releases.bare().display().to_string();
    let other = commit_of(&releases, "v0.9.0");
    for unpinned in [false, true] {
        let wrong = FetchRequest {
            unpinned,
            ..pinned(request("v1.0.0", &[&folder]), &[("v1.0.0", &other)])
        };
        let refused = FreshStore::new().fetch(&wrong).await;
        let is_refused = matches!(refused, Err(SourceError::PinMismatch { .. }));
        assert!(is_refused, "{refused:?}");
    }
}

#[tokio::test]
async fn what_upstream_does_not_have_is_missing() {
    let releases = Upstream::with_releases();
    let git = GitServer::start(&releases.served());
    let url = git.url("upstream.git");
    let mirror = releases.bare().display().to_string();
    let missing = strict("v1.0.1", &[&url, &mirror], &url);
    let missing = FreshStore::new().fetch(&missing).await;
    let Err(SourceError::AllMirrorsFailed { nearest, .. }) = missing else {
        panic!("{missing:?}");
    };
    assert!(nearest.contains(&"v1.0.0".to_owned()), "{nearest:?}");
}
