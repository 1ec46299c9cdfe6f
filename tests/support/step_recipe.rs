//! A recipe of one step, which a test chooses, and its upstream.

use super::command::Workplace;
use super::upstream::make_upstream;

const RECIPE: &str = r#"
format: 1
name: NAME
summary: steps that a test chooses
source:
  git:
    urls: ["UPSTREAM"]
    tags: {v1.0.0: COMMIT}
architectures:
  amd64: {}
  arm64: {}
images:
  default: registry
  registry: {name: "toolchain:1"}
build:
  workdir: ROOT/work/deep/src
  network: none
  timeout: 5m
  caches: [{name: objects, path: ROOT/cached/objects}]
  steps:
    - name: script
      command: [sh, -c, SCRIPT]
outputs:
  - path: tool
"#;

/// Writes a recipe by that name, whose only step is this script of a shell, and makes its upstream. It works below `root`.
pub fn write_recipe(workplace: &Workplace, name: &str, root: &str, script: &str) {
    let place = workplace.path().display();
    let commit = make_upstream(&workplace.path().join("upstream"));
    let script = serde_json::to_string(script).expect("a script");
    let recipe = RECIPE
        .replace("NAME", name)
        .replace("UPSTREAM", &format!("file://{place}/upstream"))
        .replace("COMMIT", &commit)
        .replace("ROOT", root)
        .replace("SCRIPT", &script);
    workplace.write(&format!("recipes/{name}.yaml"), &recipe);
}
