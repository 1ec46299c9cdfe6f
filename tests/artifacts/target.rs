//! A folder for results is replaced as a whole, or not at all.

use kmembuild::artifacts::{ArtifactError, BuildLog, MANIFEST, Target};
use kmembuild::events::{Event, Sink};
use std::fs;
use std::path::Path;
use tokio_util::sync::CancellationToken;

struct Deaf;
impl Sink for Deaf {
    fn event(&self, _event: &Event) {}
}

async fn claim(root: &Path, run: &str) -> Result<Target, ArtifactError> {
    let parts = ["runc", "v1", "linux-amd64"];
    Target::claim(
        &root.join("dist"),
        parts,
        run,
        &root.join("locks"),
        &Deaf,
        &CancellationToken::new(),
    )
    .await
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_second_result_replaces_the_first_as_a_whole() {
    let root = tempfile::tempdir().expect("a folder");
    for (run, file) in [("1", "old"), ("2", "new")] {
        let target = claim(root.path(), run).await.expect("claimed");
        fs::write(target.staging().join(MANIFEST), run).expect("written");
        fs::write(target.staging().join(file), file).expect("written");
        target.publish().expect("published");
    }
    assert_eq!(
        names(&root.path().join("dist/runc/v1/linux-amd64")),
        [MANIFEST, "new"]
    );
    assert_eq!(names(&root.path().join("dist/runc/v1")), ["linux-amd64"]);
}

#[tokio::test]
async fn a_failed_run_leaves_its_log_and_the_earlier_result() {
    let root = tempfile::tempdir().expect("a folder");
    let target = claim(root.path(), "1").await.expect("claimed");
    fs::write(target.staging().join(MANIFEST), "1").expect("written");
    target.publish().expect("published");
    let target = claim(root.path(), "2").await.expect("claimed");
    BuildLog::create(&target.staging().join("build.log"))
        .expect("a log")
        .finish()
        .expect("flushed");
    fs::write(target.staging().join("runc"), "unproven").expect("written");
    let failed = target.keep_record_of_failure(&[]).expect("kept");
    assert_eq!(names(&failed), ["build.log"]);
    assert_eq!(
        names(&root.path().join("dist/runc/v1/linux-amd64")),
        [MANIFEST]
    );
}

#[tokio::test]
async fn a_run_that_leaves_nothing_leaves_no_folders() {
    let root = tempfile::tempdir().expect("a folder");
    drop(claim(root.path(), "1").await.expect("claimed"));
    assert_eq!(names(root.path()), ["locks"]);
}

#[tokio::test]
async fn a_folder_of_somebody_else_is_not_replaced() {
    let root = tempfile::tempdir().expect("a folder");
    let foreign = root.path().join("dist/runc/v1/linux-amd64");
    fs::create_dir_all(&foreign).expect("made");
    fs::write(foreign.join("thesis.txt"), "years of work").expect("written");
    assert!(matches!(
        claim(root.path(), "1").await,
        Err(ArtifactError::Foreign { .. })
    ));
    assert_eq!(names(&foreign), ["thesis.txt"]);
}
