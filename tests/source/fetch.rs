use std::net::TcpListener;
use std::time::{Duration, Instant};

use kmembuild::events::Event;
use kmembuild::source::{SourceError, Store};
use tokio_util::sync::CancellationToken;

use super::upstream::{Events, FreshStore, Upstream, git_in, request};
use crate::support::git_server::GitServer;

/// A URL where nobody listens.
fn dead_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/upstream.git", listener.local_addr().unwrap())
}

fn commit_of(upstream: &Upstream, revision: &str) -> String {
    upstream.git(&["rev-parse", &format!("{revision}^{{commit}}")])
}

fn reasons(events: &Events) -> Vec<(String, String)> {
    let failed = |event| match event {
        Event::MirrorFailed { mirror, reason, .. } => Some((mirror, reason)),
        _ => None,
    };
    events.all().into_iter().filter_map(failed).collect()
}

#[tokio::test]
async fn a_tag_comes_over_http_without_its_history() {
    let upstream = Upstream::with_releases();
    let origin = GitServer::start(&upstream.served());
    let fresh = FreshStore::new();
    let events = Events::default();
    let url = origin.url("upstream.git");
    let served = fresh
        .store
        .fetch(
            &request("v1.0.0", &[&url]),
            &events,
            &CancellationToken::new(),
        )
        .await
        .unwrap();
    assert_eq!(served.tag.as_deref(), Some("v1.0.0"));
    assert_eq!(served.commit, commit_of(&upstream, "v1.0.0"));
    assert_eq!(served.tree, upstream.git(&["rev-parse", "v1.0.0^{tree}"]));
    assert_eq!(served.commit_time, 1_580_000_000);
    assert_eq!(served.url, url);
    assert!(!served.from_store && served.failed.is_empty());
    // Tag object, commit, tree and file: nothing of the two commits before.
    let objects = fresh.git(&[
        "cat-file",
        "--batch-all-objects",
        "--batch-check=%(objecttype)",
    ]);
    let mut kinds: Vec<&str> = objects.lines().collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["blob", "commit", "tag", "tree"]);
    assert!(events.all().contains(&Event::Transfer {
        item: "objects".to_owned(),
        action: "receiving".to_owned(),
        current: 4,
        total: 4,
    }));
    let gets = origin.requests();
    assert_eq!(
        gets.iter().filter(|line| line.starts_with("GET")).count(),
        1
    );
}

#[tokio::test]
async fn tags_are_found_with_and_without_v() {
    let upstream = Upstream::with_releases();
    upstream.git(&["tag", "2.0", "v0.9.0"]);
    upstream.publish();
    let origin = GitServer::start(&upstream.served());
    let fresh = FreshStore::new();
    let url = origin.url("upstream.git");
    for (wanted, tag) in [
        ("1.0.0-rc10", "v1.0.0-rc10"),
        ("v2.0", "2.0"),
        ("v0.9.0", "v0.9.0"),
    ] {
        let served = fresh.fetch(&request(wanted, &[&url])).await.unwrap();
        assert_eq!(served.tag.as_deref(), Some(tag));
        assert_eq!(served.commit, commit_of(&upstream, tag), "{tag}");
    }
}

#[tokio::test]
async fn a_commit_gets_its_lowest_tag() {
    let upstream = Upstream::with_releases();
    let origin = GitServer::start(&upstream.served());
    let url = origin.url("upstream.git");
    let commit = commit_of(&upstream, "v1.0.0-rc10");
    for wanted in [&commit[..], &commit[..7], &commit[..12].to_uppercase()] {
        let fresh = FreshStore::new();
        let served = fresh.fetch(&request(wanted, &[&url])).await.unwrap();
        assert_eq!(served.tag.as_deref(), Some("v1.0.0-rc10"), "{wanted}");
        assert_eq!(served.commit, commit);
    }
}

#[tokio::test]
async fn a_short_commit_is_completed_and_named_by_the_pins() {
    let upstream = Upstream::with_releases();
    let origin = GitServer::start(&upstream.served());
    let url = origin.url("upstream.git");
    let commit = commit_of(&upstream, "v1.0.0-rc10");
    let mut wanted = request(&commit[..7], &[&url]);
    wanted.pins.insert("v1.0.0-rc90".to_owned(), commit.clone());
    wanted.pins.insert("v0.1".to_owned(), "ab".repeat(20));
    let served = FreshStore::new().fetch(&wanted).await.unwrap();
    assert_eq!(served.tag.as_deref(), Some("v1.0.0-rc90"));
    assert_eq!(served.commit, commit);

    wanted.wanted = "abcdef12".to_owned();
    wanted
        .pins
        .insert("x".to_owned(), format!("abcdef12{}", "0".repeat(32)));
    wanted
        .pins
        .insert("y".to_owned(), format!("abcdef12{}", "1".repeat(32)));
    let error = FreshStore::new().fetch(&wanted).await.unwrap_err();
    assert!(matches!(error, SourceError::AmbiguousCommit { commits, .. } if commits.len() == 2));
}

#[tokio::test]
async fn a_commit_without_tag_comes_alone_or_among_all() {
    let upstream = Upstream::with_releases();
    let untagged = upstream.commit("VERSION", "1.0.1-dev\n");
    upstream.commit("VERSION", "1.0.2-dev\n");
    upstream.publish();
    let origin = GitServer::start(&upstream.served());
    let url = origin.url("upstream.git");
    // This server refuses bare commit ids, so all branches and tags are searched, for a short one too.
    for wanted in [&untagged[..], &untagged[..9]] {
        let fresh = FreshStore::new();
        let served = fresh.fetch(&request(wanted, &[&url])).await.unwrap();
        assert_eq!((served.tag, &served.commit), (None, &untagged));
        assert!(
            fresh
                .git(&["cat-file", "--batch-all-objects", "--batch-check"])
                .lines()
                .count()
                > 10
        );
    }
    // This one allows them: one commit, one tree, one file.
    git_in(
        &upstream.bare(),
        &["config", "uploadpack.allowReachableSHA1InWant", "true"],
    );
    let fresh = FreshStore::new();
    let served = fresh.fetch(&request(&untagged, &[&url])).await.unwrap();
    assert_eq!((served.tag, &served.commit), (None, &untagged));
    assert_eq!(
        fresh
            .git(&["cat-file", "--batch-all-objects", "--batch-check"])
            .lines()
            .count(),
        3
    );

    let error = fresh
        .fetch(&request(&"12".repeat(20), &[&url]))
        .await
        .unwrap_err();
    assert!(error.to_string().ends_with(": commit not found"), "{error}");
}

#[tokio::test]
async fn the_first_mirror_that_works_serves_and_the_others_are_told() {
    let upstream = Upstream::with_releases();
    let (not_found, stalled) = (GitServer::not_found(), GitServer::stalled());
    let half = GitServer::stalling_after(&upstream.served(), 60);
    let origin = GitServer::start(&upstream.served());
    let dead = dead_url();
    let urls = [
        dead,
        not_found.url("upstream.git"),
        stalled.url("upstream.git"),
        half.url("upstream.git"),
        origin.url("upstream.git"),
    ];
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let mut wanted = request("v1.0.0", &urls);
    wanted.stall = Duration::from_secs(1);
    let events = Events::default();
    let fresh = FreshStore::new();
    let begin = Instant::now();
    let served = fresh
        .store
        .fetch(&wanted, &events, &CancellationToken::new())
        .await
        .unwrap();
    // Each of the two had its time.
    assert!(begin.elapsed() > Duration::from_secs(2));
    assert_eq!(served.url, urls[4]);
    let told = reasons(&events);
    let kept: Vec<_> = served
        .failed
        .iter()
        .map(|failure| (failure.url.clone(), failure.reason.clone()))
        .collect();
    assert_eq!(told, kept);
    assert_eq!(
        told.iter().map(|(url, _)| url).collect::<Vec<_>>(),
        urls[..4].iter().collect::<Vec<_>>()
    );
    assert!(told[0].1.contains("refused"), "{told:?}");
    assert!(told[1].1.contains("404"), "{told:?}");
    assert_eq!(
        (told[2].1.as_str(), told[3].1.as_str()),
        ("no data for 1s", "no data for 1s")
    );
}

#[tokio::test]
async fn a_missing_tag_names_its_neighbours_and_every_mirror() {
    let upstream = Upstream::with_releases();
    let origin = GitServer::start(&upstream.served());
    let (url, dead) = (origin.url("upstream.git"), dead_url());
    let error = FreshStore::new()
        .fetch(&request("v1.0.0-rc11", &[&dead, &url]))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.lines()
            .any(|line| line.starts_with(&format!("  {dead}: "))),
        "{text}"
    );
    assert!(
        text.lines()
            .any(|line| line.starts_with(&format!("  {url}: tag not found"))),
        "{text}"
    );
    let SourceError::AllMirrorsFailed { nearest, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(nearest[0], "v1.0.0-rc10");
    assert!(!nearest.contains(&"v0.9.0".to_owned()));
}

#[tokio::test]
async fn a_pinned_tag_with_another_commit_is_refused_at_once() {
    let upstream = Upstream::with_releases();
    let first = GitServer::start(&upstream.served());
    let second = GitServer::start(&upstream.served());
    let (one, two) = (first.url("upstream.git"), second.url("upstream.git"));
    let bare = upstream.bare();
    for tag in ["v1.0.0-rc10", "v0.9.0"] {
        let other = commit_of(&upstream, "v1.0.0");
        let mut wanted = request(tag.trim_start_matches('v'), &[&one, &two]);
        wanted.pins.insert(tag.to_owned(), other.clone());
        let error = FreshStore::new().fetch(&wanted).await.unwrap_err();
        let SourceError::PinMismatch {
            tag: named,
            url,
            pinned,
            served,
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((named.as_str(), url, pinned), (tag, one.clone(), other));
        assert_eq!(served, commit_of(&upstream, tag));

        wanted.urls = vec![bare.to_str().unwrap().to_owned()];
        let error = FreshStore::new().fetch(&wanted).await.unwrap_err();
        assert!(matches!(error, SourceError::PinMismatch { .. }));

        wanted
            .pins
            .insert(tag.to_owned(), commit_of(&upstream, tag));
        assert!(FreshStore::new().fetch(&wanted).await.is_ok());
    }
    assert!(second.requests().is_empty());
}

#[tokio::test]
async fn what_was_fetched_is_there_without_the_server() {
    let upstream = Upstream::with_releases();
    let origin = GitServer::start(&upstream.served());
    let url = origin.url("upstream.git");
    let fresh = FreshStore::new();
    let first = fresh.fetch(&request("v1.0.0-rc10", &[&url])).await.unwrap();
    origin.stop();
    let commit = first.commit.clone();
    for wanted in ["v1.0.0-rc10", "1.0.0-rc10", &commit, &commit[..8]] {
        let again = fresh.fetch(&request(wanted, &[&url])).await.unwrap();
        assert!(again.from_store);
        assert_eq!(
            (&again.tag, &again.tree),
            (&first.tag, &first.tree),
            "{wanted}"
        );
    }
    // Not under another URL, not when asked to refresh, and not when it is not the pinned one.
    let mut asked = request("v1.0.0-rc10", &[&dead_url()]);
    assert!(fresh.fetch(&asked).await.is_err());
    asked.urls = vec![url.clone()];
    asked.refresh = true;
    assert!(fresh.fetch(&asked).await.is_err());
    asked.refresh = false;
    asked.pins.insert("v1.0.0-rc10".to_owned(), "ab".repeat(20));
    assert!(fresh.fetch(&asked).await.is_err());
}

#[tokio::test]
async fn a_moved_tag_is_seen_with_refresh_only() {
    let upstream = Upstream::with_releases();
    let origin = GitServer::start(&upstream.served());
    let url = origin.url("upstream.git");
    let fresh = FreshStore::new();
    let before = fresh.fetch(&request("v0.9.0", &[&url])).await.unwrap();
    upstream.git(&["tag", "-f", "v0.9.0", "v1.0.0^{commit}"]);
    upstream.publish();
    let mut wanted = request("v0.9.0", &[&url]);
    assert_eq!(fresh.fetch(&wanted).await.unwrap().commit, before.commit);
    wanted.refresh = true;
    assert_eq!(
        fresh.fetch(&wanted).await.unwrap().commit,
        commit_of(&upstream, "v1.0.0")
    );
    wanted.refresh = false;
    assert_eq!(
        fresh.fetch(&wanted).await.unwrap().commit,
        commit_of(&upstream, "v1.0.0")
    );
}

#[tokio::test]
async fn a_local_path_is_read_anew_each_time() {
    let upstream = Upstream::with_releases();
    let (work, bare) = (upstream.work(), upstream.bare());
    let file_url = format!("file://{}", bare.display());
    let fresh = FreshStore::new();
    for url in [work.to_str().unwrap(), bare.to_str().unwrap(), &file_url] {
        for wanted in [
            "v1.0.0-rc90",
            "0.9.0",
            &commit_of(&upstream, "v1.0.0")[..10],
        ] {
            let served = fresh.fetch(&request(wanted, &[url])).await.unwrap();
            assert!(!served.from_store);
            let tag = served.tag.unwrap();
            assert_eq!(served.commit, commit_of(&upstream, &tag));
            let version = fresh
                .store
                .tree(&served.tree)
                .unwrap()
                .read("VERSION")
                .unwrap();
            let version = String::from_utf8(version.unwrap()).unwrap();
            assert_eq!(version.trim().replace("rc10", "rc90"), tag[1..]);
        }
    }
    let untagged = upstream.commit("VERSION", "dev\n");
    upstream.commit("VERSION", "dev2\n");
    let served = fresh
        .fetch(&request(&untagged, &[work.to_str().unwrap()]))
        .await
        .unwrap();
    assert_eq!((served.tag, served.commit), (None, untagged));
    upstream.git(&["tag", "-f", "v0.9.0"]);
    let served = fresh
        .fetch(&request("v0.9.0", &[work.to_str().unwrap()]))
        .await
        .unwrap();
    assert_eq!(served.commit, commit_of(&upstream, "HEAD"));
}

#[tokio::test]
async fn a_path_that_is_no_repository_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().to_str().unwrap();
    let missing = format!("{plain}/missing");
    let error = FreshStore::new()
        .fetch(&request("v1", &[plain, &missing]))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "could not fetch v1 from any mirror:\n  {plain}: not a git repository\n  {missing}: no such directory"
        )
    );
}

#[tokio::test]
async fn urls_with_control_characters_are_refused_before_anybody_is_asked() {
    for url in [
        "https://%0ahost=github.com%0aprotocol=https@127.0.0.1:1/runc.git",
        "https://user%0d@127.0.0.1:1/runc.git",
        "https://127.0.0.1:1/runc%0A.git",
        "ssh://git@127.0.0.1:1/runc\u{1b}[2J.git",
        "git@127.0.0.1:runc\n.git",
        "http://127.0.0.1:1/%c2%85",
    ] {
        let error = FreshStore::new()
            .fetch(&request("v1", &["http://127.0.0.1:1/good.git", url]))
            .await
            .unwrap_err();
        assert!(
            matches!(error, SourceError::ControlCharacter { .. }),
            "{url}: {error}"
        );
    }
}

#[tokio::test]
async fn without_urls_there_is_nothing_to_ask() {
    let error = FreshStore::new()
        .fetch(&request("v1", &[]))
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::NoUrls { .. }));
}

#[tokio::test]
async fn cancelling_ends_a_silent_fetch() {
    let stalled = GitServer::stalled();
    let fresh = FreshStore::new();
    let cancel = CancellationToken::new();
    let soon = cancel.clone();
    let mut wanted = request("v1", &[&stalled.url("upstream.git")]);
    // Only the cancellation can end it.
    wanted.stall = Duration::from_hours(1);
    let events = Events::default();
    let fetch = fresh.store.fetch(&wanted, &events, &cancel);
    let asked = tokio::task::spawn_blocking(move || {
        stalled.until_asked();
        soon.cancel();
        stalled
    });
    let (fetched, stalled) = tokio::join!(fetch, asked);
    assert!(matches!(fetched, Err(SourceError::Cancelled { .. })));
    drop(stalled);
}

#[tokio::test]
async fn a_password_in_a_url_is_never_shown() {
    let not_found = GitServer::not_found();
    let url = not_found
        .url("upstream.git")
        .replace("http://", "http://me:secret@");
    let error = FreshStore::new()
        .fetch(&request("v1", &[&url]))
        .await
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[test]
fn many_fetches_at_once_share_a_store() {
    let upstream = Upstream::with_releases();
    let origin = GitServer::start(&upstream.served());
    let url = origin.url("upstream.git");
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for round in 0..8 {
            let (url, folder) = (&url, folder.path().join("store"));
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                let store = Store::open(&folder).unwrap();
                let tag = ["v0.9.0", "v1.0.0-rc10", "v1.0.0"][round % 3];
                let mut wanted = request(tag, &[url]);
                wanted.refresh = true;
                let events = Events::default();
                let served = runtime
                    .block_on(store.fetch(&wanted, &events, &CancellationToken::new()))
                    .unwrap();
                assert!(store.tree(&served.tree).unwrap().exists("VERSION").unwrap());
            });
        }
    });
    origin.stop();
    let fresh = Store::open(&folder.path().join("store")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for tag in ["v0.9.0", "v1.0.0-rc10", "v1.0.0"] {
        let (events, cancel) = (Events::default(), CancellationToken::new());
        let served = runtime
            .block_on(fresh.fetch(&request(tag, &[&url]), &events, &cancel))
            .unwrap();
        assert_eq!(served.commit, commit_of(&upstream, tag));
    }
}

#[test]
fn leftovers_of_killed_runs_go_and_those_of_living_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let dead = folder.path().join("attempts/dead");
    std::fs::create_dir_all(&dead).unwrap();
    let living = folder.path().join("attempts/living");
    std::fs::create_dir_all(&living).unwrap();
    let lock = std::fs::File::create(living.join("lock")).unwrap();
    lock.lock().unwrap();
    drop(store);
    Store::open(folder.path()).unwrap();
    assert!(!dead.exists() && living.exists());
}

#[test]
fn a_store_that_a_killed_run_left_half_made_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("objects/pack")).unwrap();
    std::fs::write(folder.path().join("HEAD.new"), "ref:").unwrap();
    Store::open(folder.path()).unwrap();
    let folder = folder.path().to_str().unwrap();
    let bare = git_in(folder.as_ref(), &["rev-parse", "--is-bare-repository"]);
    assert_eq!(bare, "true");
}
