//! The recipe of the scripted tests and the repository that it names.

use std::fs;
use std::path::Path;

use git2::{IndexAddOption, Repository, Signature, Time};

const RECIPE: &str = r#"
format: 1
name: tool
summary: a tool that is built on an engine that runs nothing
source:
  git:
    urls: [file:///nowhere/tool.git]
    tags: {v1.0.0: COMMIT}
architectures:
  amd64: {cross-from: [arm64]}
  arm64: {cross-from: [amd64]}
classes:
  - name: accounting
    summary: accounting is there
    when: [{exists: kmem.go}]
  - name: nothing
    summary: there is no accounting
    when: [{missing: kmem.go}]
    not-needed: this version never turns accounting on
values:
  cross_arch:
    - {value: "{{arch}}", cross: true}
images:
  default: registry
  mirrors: [last.example]
  registry: {name: "toolchain:1"}
  lean:
    base: golang:1
    dockerfile: |
      ARG BASE
      FROM ${BASE}
      RUN prepare
build:
  workdir: /src
  network: none
  memory: 1GiB
  timeout: 10m
  caches: [{name: objects, path: /cache}]
  steps:
    - name: configure
      command: [./configure]
    - name: compile
      command: [make, "GOARCH={{cross_arch}}", tool]
      environment: {VERSION: "{{bare_version}}"}
  run-sh:
    workdir: /src
    client: {image: "client:1", path: /bin/client, below: 29}
    steps: [{name: script, command: [build/run.sh]}]
    leaves: {containers: ["made-{hash}"], images: []}
outputs:
  - path: tool
    checks:
      kmem: "off"
      static: true
      version: {arguments: [--version], contains: ["tool version {{bare_version}}"]}
  - path: extra/reader
    checks: {static: true}
"#;

/// The recipe, with v1.0.0 pinned to `commit`.
pub fn recipe(commit: &str) -> String {
    RECIPE.replace("COMMIT", commit)
}

/// Makes upstream's repository; returns the commit of v1.0.0.
pub fn make_upstream(folder: &Path) -> String {
    let repository = Repository::init(folder).expect("a repository");
    let commit = |parent: Option<git2::Oid>, tag: &str| {
        let mut index = repository.index().expect("an index");
        index
            .add_all(["*"], IndexAddOption::DEFAULT, None)
            .and_then(|()| index.update_all(["*"], None))
            .expect("files in the index");
        let tree = index.write_tree().expect("a tree");
        let tree = repository.find_tree(tree).expect("the tree");
        let author = Signature::new("Upstream", "up@example.org", &Time::new(1_500_000_000, 0));
        let author = author.expect("an author");
        let parents: Vec<_> = parent
            .map(|id| repository.find_commit(id).expect("the parent"))
            .into_iter()
            .collect();
        let parents: Vec<_> = parents.iter().collect();
        let id = repository
            .commit(Some("HEAD"), &author, &author, tag, &tree, &parents)
            .expect("a commit");
        repository
            .reference(&format!("refs/tags/{tag}"), id, false, "")
            .expect("a tag");
        id
    };
    fs::write(folder.join("kmem.go"), "package tool\n").expect("a file");
    fs::write(folder.join("main.go"), "package main\n").expect("a file");
    let first = commit(None, "v1.0.0");
    fs::remove_file(folder.join("kmem.go")).expect("the file");
    commit(Some(first), "v2.0.0");
    first.to_string()
}
