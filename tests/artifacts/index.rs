//! The index of a release and the checksums of its files.

use kmembuild::artifacts::{
    ArtifactError, INDEX, INDEX_PAGE, IndexResult, IndexTarget, SHA256SUMS, read_index,
};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use crate::support::checksums::write_checksums;
use crate::support::index;

fn targets() -> Vec<IndexTarget> {
    let target = |version, result| index::target("runc", version, "linux-amd64", result);
    vec![
        target("v1", index::published("runc/v1/linux-amd64")),
        target(
            "v2",
            IndexResult::Failed {
                exit_code: 14,
                message: "make".to_owned(),
            },
        ),
    ]
}

#[test]
fn an_index_has_every_file_and_is_not_written_twice() {
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    let result = root.join("runc/v1/linux-amd64");
    let failed = root.join("runc/v2/linux-amd64.failed");
    for folder in [&result, &failed] {
        fs::create_dir_all(folder).expect("made");
        fs::write(folder.join("build.log"), "said\n").expect("written");
    }
    let error = index::write(root, targets()).expect_err("no checksums");
    assert!(error.to_string().contains(SHA256SUMS), "{error}");
    write_checksums(&result);
    let index = index::write(root, targets()).expect("written");
    let IndexResult::Published { files, .. } = &index.targets[0].result else {
        panic!("{index:?}");
    };
    let names: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(names, [SHA256SUMS, "build.log"]);
    assert_eq!(files[1].size, 5);
    let checked = Command::new("sha256sum")
        .args(["--check", "--strict", SHA256SUMS])
        .current_dir(root)
        .output()
        .expect("sha256sum starts");
    assert!(checked.status.success(), "{checked:?}");
    assert_eq!(checked.stdout.split(|byte| *byte == b'\n').count(), 6);

    let inode = |name: &str| fs::metadata(root.join(name)).expect("a file").ino();
    let before = [INDEX, INDEX_PAGE, SHA256SUMS].map(inode);
    index::write(root, targets()).expect("written");
    assert_eq!([INDEX, INDEX_PAGE, SHA256SUMS].map(inode), before);

    fs::write(result.join("more"), "").expect("written");
    assert!(matches!(
        index::write(root, targets()),
        Err(ArtifactError::Unaccounted { path, .. }) if path.ends_with("more")
    ));
}

#[test]
fn an_index_with_a_target_outside_of_the_release_is_none() {
    let root = tempfile::tempdir().expect("a folder");
    let failed = IndexResult::Failed {
        exit_code: 14,
        message: "make".to_owned(),
    };
    let write = |recipe: &str| {
        let target = index::target(recipe, "v1", "linux-amd64", failed.clone());
        index::write(root.path(), vec![target])
    };
    write("runc").expect("written");
    assert!(read_index(root.path()).is_some());
    for recipe in ["..", "../runc", "/runc", "a/../../b"] {
        let error = write(recipe).expect_err(recipe);
        assert!(
            error.to_string().contains("leads out of its directory"),
            "{error}"
        );
        let text = std::fs::read_to_string(root.path().join(INDEX)).expect("the index");
        let foreign = text.replace("\"runc\"", &format!("{recipe:?}"));
        std::fs::write(root.path().join(INDEX), &foreign).expect("written");
        assert!(read_index(root.path()).is_none(), "{recipe}");
        std::fs::write(root.path().join(INDEX), text).expect("written");
    }
}
