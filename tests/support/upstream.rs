//! The smallest upstream: a repository with one file.

use std::fs;
use std::path::Path;

use git2::{IndexAddOption, Repository, Signature, Time};

/// A repository with one commit and one tag; the commit.
pub fn make_upstream(folder: &Path) -> String {
    let repository = Repository::init(folder).expect("a repository");
    fs::write(folder.join("main.c"), "int main(void) { return 0; }\n").expect("a file");
    let mut index = repository.index().expect("an index");
    index
        .add_all(["*"], IndexAddOption::DEFAULT, None)
        .expect("a file in the index");
    let tree = index.write_tree().expect("a tree");
    let tree = repository.find_tree(tree).expect("the tree");
    let author = Signature::new("Upstream", "up@example.org", &Time::new(1_500_000_000, 0));
    let author = author.expect("an author");
    let commit = repository
        .commit(Some("HEAD"), &author, &author, "first", &tree, &[])
        .expect("a commit");
    repository
        .reference("refs/tags/v1.0.0", commit, false, "")
        .expect("a tag");
    commit.to_string()
}
