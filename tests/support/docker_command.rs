//! The docker command, for a second opinion on what the tool did.

use super::preflight::installed;

/// Runs `docker` with `arguments` and gives what it wrote, without the last newline.
pub fn docker(arguments: &[&str]) -> String {
    let output = installed("docker")
        .args(arguments)
        .output()
        .expect("the docker command starts");
    assert!(
        output.status.success(),
        "docker {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

/// The ids of the containers of a recipe, running or not, a line each; empty when none is left.
pub fn containers_of(recipe: &str) -> String {
    let label = format!("label=io.kmembuild.recipe={recipe}");
    docker(&["ps", "-aq", "--filter", &label])
}

/// Ids of the containers whose command holds `text`: how those of the engine's builder are known, which have the labels
/// of what the image starts from.
pub fn containers_that_run(text: &str) -> Vec<String> {
    let list = docker(&["ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Command}}"]);
    let found = list.lines().filter(|line| line.contains(text));
    let ids = found.filter_map(|line| line.split(' ').next());
    ids.map(str::to_owned).collect()
}

/// Whether `docker` with `arguments` succeeds.
pub fn docker_succeeds(arguments: &[&str]) -> bool {
    installed("docker")
        .args(arguments)
        .output()
        .expect("the docker command starts")
        .status
        .success()
}
