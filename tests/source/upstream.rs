//! Makes small upstream repositories with the real git.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use crate::support::preflight::installed;
use kmembuild::events::{Event, Sink};
use kmembuild::source::{FetchRequest, Served, SourceError, Store};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A bare repository `upstream.git`, made commit by commit in a work tree beside it.
pub struct Upstream {
    folder: TempDir,
}

impl Upstream {
    /// An empty one.
    pub fn new() -> Self {
        let upstream = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        upstream.git(&["init", "-q", "-b", "main", "."]);
        upstream
    }

    /// Three commits: v0.9.0 (lightweight), v1.0.0-rc10 and v1.0.0-rc90 on the same one (annotated), v1.0.0.
    pub fn with_releases() -> Self {
        let upstream = Self::new();
        feed_git(
            &upstream.work(),
            &["fast-import", "--quiet"],
            &releases_stream(),
        );
        upstream.git(&["reset", "-q", "--hard"]);
        upstream.publish();
        upstream
    }

    /// The work tree.
    pub fn work(&self) -> PathBuf {
        let work = self.folder.path().join("work");
        std::fs::create_dir_all(&work).unwrap();
        work
    }

    /// The folder with the bare repository.
    pub fn served(&self) -> PathBuf {
        self.folder.path().join("served")
    }

    /// The bare repository.
    pub fn bare(&self) -> PathBuf {
        self.served().join("upstream.git")
    }

    /// Writes one file and commits everything. Returns the commit.
    pub fn commit(&self, path: &str, content: &str) -> String {
        let file = self.work().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
        self.commit_all()
    }

    /// Commits the work tree as it is. Returns the commit.
    pub fn commit_all(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "change"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Copies branches and tags into the bare repository.
    pub fn publish(&self) {
        let bare = self.bare();
        let bare = bare.to_str().unwrap();
        if !self.bare().exists() {
            self.git(&["clone", "-q", "--bare", ".", bare]);
            return;
        }
        self.git(&[
            "push",
            "-q",
            "--force",
            "--prune",
            bare,
            "refs/heads/*",
            "refs/tags/*",
        ]);
    }

    /// Runs git in the work tree, without the user's configuration. Returns its output.
    pub fn git(&self, arguments: &[&str]) -> String {
        git_in(&self.work(), arguments)
    }
}

/// The releases as `git fast-import` takes them: one process in place of a dozen.
fn releases_stream() -> String {
    let who = "Upstream <upstream@example.org> 1580000000 +0000";
    let commits = [(1, "0.9.0"), (2, "1.0.0-rc10"), (3, "1.0.0")].map(|(mark, version)| {
        let content = format!("{version}\n");
        format!(
            "commit refs/heads/main\nmark :{mark}\ncommitter {who}\ndata 6\nchange\n\
             M 100644 inline VERSION\ndata {}\n{content}\n",
            content.len()
        )
    });
    let tags = [(2, "v1.0.0-rc10"), (2, "v1.0.0-rc90"), (3, "v1.0.0")]
        .map(|(mark, tag)| format!("tag {tag}\nfrom :{mark}\ntagger {who}\ndata 3\ntag\n"));
    let lightweight = "reset refs/tags/v0.9.0\nfrom :1\n\n";
    [&commits.concat(), lightweight, &tags.concat()].concat()
}

/// Runs git in a folder. Returns its output.
pub fn git_in(folder: &Path, arguments: &[&str]) -> String {
    feed_git(folder, arguments, "")
}

/// Runs git in a folder with that input. Returns its output.
pub fn feed_git(folder: &Path, arguments: &[&str], input: &str) -> String {
    let mut child = installed("git")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Upstream")
        .env("GIT_AUTHOR_EMAIL", "upstream@example.org")
        .env("GIT_AUTHOR_DATE", "1580000000 +0000")
        .env("GIT_COMMITTER_NAME", "Upstream")
        .env("GIT_COMMITTER_EMAIL", "upstream@example.org")
        .env("GIT_COMMITTER_DATE", "1580000000 +0000")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git runs");
    // Short enough for the pipe to take it before git reads.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Keeps the events.
#[derive(Default)]
pub struct Events(Mutex<Vec<Event>>);

impl Sink for Events {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Events {
    /// The events so far.
    pub fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }
}

/// A store in a folder of its own.
pub struct FreshStore {
    /// The store.
    pub store: Store,
    /// Its folder.
    pub folder: TempDir,
}

impl FreshStore {
    /// An empty one.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("deep/store")).unwrap();
        Self { store, folder }
    }

    /// Runs git in the store.
    pub fn git(&self, arguments: &[&str]) -> String {
        git_in(&self.folder.path().join("deep/store"), arguments)
    }

    /// Fetches without caring for events.
    pub async fn fetch(&self, request: &FetchRequest) -> Result<Served, SourceError> {
        let cancel = CancellationToken::new();
        self.store.fetch(request, &Events::default(), &cancel).await
    }
}

/// A request without pins that takes every URL's word, with a stall of 20 s.
pub fn request(wanted: &str, urls: &[&str]) -> FetchRequest {
    FetchRequest {
        urls: urls.iter().map(|url| (*url).to_owned()).collect(),
        wanted: wanted.to_owned(),
        pins: BTreeMap::new(),
        upstream: None,
        unpinned: true,
        stall: Duration::from_secs(20),
        refresh: false,
        offline: false,
        skip_moved: false,
    }
}
