//! A small Go project with the outline of runc, in a bare repository on a real git server.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::git_server::GitServer;
use super::preflight::installed;

/// The project's releases: tag, whether it is annotated, how the code turns accounting on, and the `FROM` line.
const RELEASES: [(&str, bool, &str, &str); 5] = [
    ("v1.0.0-rc4", false, "kmem-in-memory", PLAIN_FROM),
    ("v1.0.0-rc9", true, "kmem-by-tag", PLAIN_FROM),
    ("v1.0.0-rc10", true, "kmem-by-tag", PLAIN_FROM),
    ("v1.0.0-rc93", false, "kmem-by-tag", ARGUMENT_FROM),
    ("v1.0.0-rc94", true, "kmem-ignored", ARGUMENT_FROM),
];
const PLAIN_FROM: &str = "FROM golang:1.12-kmembuild-test\n";
const ARGUMENT_FROM: &str =
    "ARG GO_VERSION=1.12\nARG FLAVOUR=kmembuild-test\nFROM golang:${GO_VERSION}-${FLAVOUR}\n";

/// The image that every release's Dockerfile starts from. No registry but the tests' own has it.
pub const BASE_IMAGE: &str = "golang:1.12-kmembuild-test";

/// The project on its server, until dropped. Commits are the same whenever and wherever it is made.
pub struct ShapedProject {
    folder: TempDir,
    server: GitServer,
}

impl ShapedProject {
    /// Commits and tags the releases and serves them.
    pub fn serve() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("served");
        fs::create_dir(&root).expect("a folder to serve");
        let work = folder.path().join("work");
        git(folder.path(), &["init", "-q", "-b", "main", "work"]);
        for release in RELEASES {
            commit(&work, release);
        }
        let bare = ["clone", "-q", "--bare", "work", "served/shaped.git"];
        git(folder.path(), &bare);
        let server = GitServer::start(&root);
        Self { folder, server }
    }

    /// URL of the repository.
    pub fn url(&self) -> String {
        self.server.url("shaped.git")
    }

    /// The commit behind a tag.
    pub fn commit(&self, tag: &str) -> String {
        let commit = format!("{tag}^{{commit}}");
        git(&self.folder.path().join("work"), &["rev-parse", &commit])
    }
}

fn commit(work: &Path, (tag, annotated, kind, from): (&str, bool, &str, &str)) {
    remove_content(work);
    let fixtures = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/shaped"
    ));
    copy(&fixtures.join("every-release"), work);
    copy(&fixtures.join(kind), work);
    let dockerfile = work.join("Dockerfile");
    let text = fs::read_to_string(&dockerfile).expect("the Dockerfile");
    fs::write(&dockerfile, text.replace(PLAIN_FROM, from)).expect("the Dockerfile is written");
    let version = tag.trim_start_matches('v');
    fs::write(work.join("VERSION"), format!("{version}\n")).expect("the version is written");
    git(work, &["add", "-A"]);
    git(work, &["commit", "-q", "-m", tag]);
    if annotated {
        git(work, &["tag", "-a", "-m", tag, tag]);
    } else {
        git(work, &["tag", tag]);
    }
}

/// Clears the release before away, and leaves git's own folder.
pub fn remove_content(work: &Path) {
    for entry in fs::read_dir(work).expect("the work tree").flatten() {
        if entry.file_name() != ".git" {
            let path = entry.path();
            let removed = if path.is_dir() {
                fs::remove_dir_all(path)
            } else {
                fs::remove_file(path)
            };
            removed.expect("the release before is cleared away");
        }
    }
}

/// Copies a folder's content, permissions included.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a fixture").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copied file");
        }
    }
}

/// Runs git with an identity, times and a configuration of its own; what it printed.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = installed("git")
        .args(["-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Ann Author")
        .env("GIT_AUTHOR_EMAIL", "ann@example.org")
        .env("GIT_AUTHOR_DATE", "2020-01-02T03:04:05Z")
        .env("GIT_COMMITTER_NAME", "Ann Author")
        .env("GIT_COMMITTER_EMAIL", "ann@example.org")
        .env("GIT_COMMITTER_DATE", "2020-01-02T03:04:05Z")
        .output()
        .expect("git starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
