//! A small recipe, and what is said when something in it is wrong.

use std::fmt::Write as _;

use crate::support::command::Workplace;
use crate::support::golden::assert_golden;

/// A well-formed recipe with a little of everything.
pub const SMALL: &str = "\
format: 1
name: tool
summary: a small recipe
source:
  git:
    urls: [https://git.example/tool.git]
    tags:
      v1.0.0: 0123456789abcdef0123456789abcdef01234567
architectures:
  amd64: {}
  arm64:
    cross-from: [amd64]
classes:
  - name: tagged
    summary: has the build tag
    when:
      - exists: kmem.go
      - contains: {file: memory.go, text: limit}
patches:
  - file: tool/off.patch
    to: source
    versions: \"<1.1\"
    summary: accounting off
values:
  build_tags:
    - {value: nokmem, class: tagged}
images:
  default: registry
  registry:
    name: golang:1.20
build:
  workdir: /src
  network: none
  timeout: 10m
  environment:
    GOARCH: \"{{arch}}\"
  caches:
    - name: go-build
      path: /cache
  steps:
    - name: compile
      command: [make, \"TAGS={{build_tags}}\"]
outputs:
  - path: tool
    checks:
      kmem: \"off\"
      version:
        arguments: [--version]
        contains: [\"{{bare_version}}\"]
";

/// Seconds of a processor that no file may take to be refused.
const SECONDS: u32 = 5;

/// A mistake: its name, the text of the small recipe that is replaced, and what by.
pub type Mistake<'a> = (&'static str, &'static str, &'a str);

/// A working directory with the patch of the small recipe.
pub fn workplace() -> Workplace {
    let workplace = Workplace::new();
    workplace.write("patches/tool/off.patch", "");
    workplace
}

/// The small recipe with `from`, which is there exactly once, replaced.
#[track_caller]
pub fn edited(from: &str, to: &str) -> String {
    assert_eq!(
        SMALL.matches(from).count(),
        1,
        "{from:?} must be there once"
    );
    SMALL.replace(from, to)
}

/// Checks the recipe `text`, which has to be refused for `mistake`, and returns what is said.
#[track_caller]
pub fn refusal(workplace: &Workplace, mistake: &str, text: &[u8]) -> String {
    std::fs::write(workplace.path().join("tool.yaml"), text).expect("a written recipe");
    let finished = workplace.run_within(SECONDS, &["recipes", "check", "tool.yaml"]);
    assert_eq!(finished.code, Some(10), "{mistake}: {finished:?}");
    assert_eq!(finished.stdout, "", "{mistake}: a refusal is no result");
    finished.stderr
}

/// Makes each mistake and compares what is said with the golden file `name`.
#[track_caller]
pub fn assert_refusals(name: &str, mistakes: &[Mistake<'_>]) {
    let workplace = workplace();
    let mut said = String::new();
    for (mistake, from, to) in mistakes {
        let refusal = refusal(&workplace, mistake, edited(from, to).as_bytes());
        // Writing to a string cannot fail.
        let _ = writeln!(said, "## {mistake}\n{refusal}");
    }
    assert_golden("recipes", name, &said);
}

#[test]
fn what_is_meant_well_is_accepted() {
    let workplace = workplace();
    let condition =
        "    when:\n      - exists: kmem.go\n      - contains: {file: memory.go, text: limit}\n";
    for text in [
        SMALL.to_owned(),
        // Without quotes YAML 1.1 would read a truth.
        edited("kmem: \"off\"", "kmem: off"),
        // The last of several classes may take whatever the others left.
        edited(condition, "    when: []\n"),
        edited("timeout: 10m", "timeout: 600"),
        edited("{{arch}}", "{{ arch }}"),
        edited("\"TAGS={{build_tags}}\"", "\"{{build_tags...}}\""),
        edited("- path: tool", "- path: bin/{{arch}}/tool"),
    ] {
        workplace.write("tool.yaml", &text);
        workplace
            .run(&["recipes", "check", "tool.yaml"])
            .code(0)
            .prints("tool.yaml: recipe tool is valid (1 patch)");
    }
}
