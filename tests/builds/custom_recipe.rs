//! A further project needs a recipe, and nothing of this tool's code.

use std::path::Path;
use std::process::Command;

use crate::support::build_place::{entries, manifest};
use crate::support::command::{Finished, Workplace};
use crate::support::docker_command::containers_of;
use crate::support::shaped_project::copy;
use crate::support::toolchain_image::alone;

#[test]
fn the_example_recipe_builds_by_the_commands_of_its_own_readme() {
    let _alone = alone("hello");
    let place = Workplace::new();
    let example = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/custom-recipe"
    ));
    copy(example, place.path());
    let readme = std::fs::read_to_string(example.join("README.md")).expect("the README");
    let script: String = readme
        .split("```sh\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .collect();

    let tool = place.command(&[]);
    let mut shell = Command::new("sh");
    shell
        .args(["-exc", &script])
        .current_dir(place.path())
        .env_clear();
    for (name, value) in tool.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    let folder = Path::new(tool.get_program())
        .parent()
        .expect("the tool's folder");
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{}:{path}", folder.display()));
    let output = shell.output().expect("the shell starts");
    Finished::from(output)
        .code(0)
        .prints("recipe hello is valid")
        .prints("Hello, reader!")
        .prints("hello: OK");

    let folder = place.path().join("dist/hello/v1.2.0");
    let platform = entries(&folder);
    let manifest = manifest(&folder.join(&platform[0]));
    let checks = manifest["files"][0]["checks"].as_array().expect("checks");
    let passed = |name: &str| {
        let mut checks = checks.iter();
        checks.any(|check| check["name"] == name && check["outcome"] == "passed")
    };
    assert!(passed("linkage") && passed("version"), "{checks:?}");
    assert_eq!(containers_of("hello"), "");
}
