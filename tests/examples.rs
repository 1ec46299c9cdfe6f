//! The examples are what the tool and its formats are.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use kmembuild::cli::{CommandLine, NamedRecipe, command_with_recipes, parse};
use kmembuild::configuration::Configuration;
use kmembuild::library::Library;
use kmembuild::recipe::Source;
use kmembuild::release::{KnownTags, expand, json_schema, parse_release};
use serde_json::Value;

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    fs::read_to_string(path.join(name)).expect("an example")
}

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&example(name)).expect("the example is YAML")
}

#[test]
fn the_release_has_every_line_that_needs_it() {
    let text = example("release.yaml");
    let release = parse_release("release.yaml", &text).expect("a release");
    let library = Library::new(Vec::new());
    let targets = expand("release.yaml", &text, &release, |recipe| {
        let loaded = library.load(recipe.as_str()).map_err(|_| Vec::new())?;
        Ok(match loaded.recipe.source {
            Source::Git(git) => KnownTags::Git(git.tags.keys().cloned().collect()),
            Source::Directory(folder) => KnownTags::Directory(folder.version),
        })
    });
    let targets = targets.expect("targets");
    let labels: Vec<_> = targets
        .iter()
        .map(|target| target.name(None, None))
        .collect();
    let of = |recipe: &str| {
        let prefix = format!("{recipe}/");
        let of = labels.iter().filter(|label| label.starts_with(&prefix));
        of.count()
    };
    // rc2 to rc10, rc90 to rc93; fourteen lines, and the article's own.
    assert_eq!((of("runc"), of("kubelet"), labels.len()), (13, 15, 28));
    for label in [
        "runc/v1.0.0-rc10/linux-amd64",
        "kubelet/v1.15.5/linux-amd64",
    ] {
        assert!(labels.iter().any(|known| known == label), "{labels:?}");
    }
}

#[test]
fn the_release_keeps_to_the_published_schema() {
    let schema = jsonschema::validator_for(&json_schema()).expect("a schema");
    let release = yaml("release.yaml");
    let errors: Vec<_> = schema
        .iter_errors(&release)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    // The schema refuses as well.
    for (path, wrong) in [
        ("/format", Value::from(2)),
        ("/targets", Value::Array(Vec::new())),
        ("/defaults/packages/0", Value::from("msi")),
        ("/defaults/options/timeout", Value::from(1)),
    ] {
        let mut release = release.clone();
        *release.pointer_mut(path).expect("it is in the example") = wrong;
        assert!(!schema.is_valid(&release), "{path}");
    }
    let mut release = release.clone();
    release["targets"][0]["verions"] = Value::from("v1.0.0");
    assert!(!schema.is_valid(&release), "an unknown field");
}

/// All texts of a document that a shell gets: those under `run`, `script` and `before_script`.
fn scripts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let lines: Vec<&Value> = match (name.as_str(), value) {
                    ("run", text @ Value::String(_)) => vec![text],
                    ("script" | "before_script", Value::Array(lines)) => lines.iter().collect(),
                    _ => {
                        scripts(value, found);
                        continue;
                    }
                };
                found.extend(lines.into_iter().map(|line| {
                    let line = line.as_str().expect("a script is text");
                    line.to_owned()
                }));
            }
        }
        Value::Array(values) => values.iter().for_each(|value| scripts(value, found)),
        _ => {}
    }
}

/// The commands of the tool in a CI file, as the shell would split them. A job of GitHub's matrix is the second one.
fn commands(document: &Value) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    scripts(document, &mut found);
    let found: Vec<_> = found
        .iter()
        .map(|script| script.replace("${{ matrix.part }}", "2"))
        .collect();
    let lines = found.iter().flat_map(|script| script.lines());
    let words = lines.map(|line| shlex::split(line).expect("words of a shell"));
    words
        .filter(|words| words.first().is_some_and(|word| word == "kmembuild"))
        .collect()
}

#[test]
fn every_command_of_the_ci_examples_is_one_of_the_tool() {
    for (name, expected) in [
        ("github-actions.yml", &["release", "release", "verify"][..]),
        ("gitlab-ci.yml", &["lock", "release", "release", "verify"]),
    ] {
        let commands = commands(&yaml(name));
        let named: Vec<&str> = commands.iter().map(|words| words[1].as_str()).collect();
        assert_eq!(named, expected, "{name}");
        for words in &commands {
            let arguments: Vec<_> = words.iter().map(OsString::from).collect();
            let command = parse(&arguments).unwrap_or_else(|error| panic!("{name}: {error}"));
            match command.command {
                CommandLine::Release(release) => {
                    assert_eq!(release.file, Path::new("release.yaml"));
                    // What builds is held to the lock file and has no key; what has the key builds nothing.
                    let builds = release.merge.is_none();
                    let (is_part, is_signed) =
                        (release.partition.is_some(), release.sign_key.is_some());
                    assert_eq!((is_part, is_signed), (builds, !builds), "{words:?}");
                    assert_eq!(release.locked, builds, "{words:?}");
                    assert!(
                        builds || release.merge.as_ref().map(Vec::len) == Some(3),
                        "{words:?}"
                    );
                }
                CommandLine::Verify(verify) => assert_eq!(verify.files, [Path::new("dist/")]),
                CommandLine::Lock(lock) => assert_eq!(lock.file, Path::new("release.yaml")),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

#[test]
fn the_cron_job_of_a_cluster_makes_a_release() {
    let text = example("kubernetes/cronjob.yaml");
    let (files, job) = text.split_once("\n---\n").expect("two documents");
    let read = |text: &str| -> Value { serde_saphyr::from_str(text).expect("YAML") };
    let (files, job) = (read(files), read(job));
    let file = |name: &str| files["data"][name].as_str().expect("a file").to_owned();
    parse_release("release.yaml", &file("release.yaml")).expect("a release");
    let place = tempfile::tempdir().expect("a directory");
    fs::write(place.path().join("config.yaml"), file("config.yaml")).expect("written");
    Configuration::read(place.path()).expect("a configuration");
    let words = job.pointer("/spec/jobTemplate/spec/template/spec/containers/0/command");
    let words = words.and_then(Value::as_array).expect("a command");
    let words = words.iter().filter_map(Value::as_str).map(OsString::from);
    let command = parse(&words.collect::<Vec<_>>())
        .expect("arguments")
        .command;
    assert!(matches!(command, CommandLine::Release(_)));
}

#[test]
fn the_examples_without_an_engine_build_in_their_own_image() {
    let gitlab = yaml("gitlab-ci-without-docker.yml");
    assert_eq!(gitlab["variables"]["KMEMBUILD_ENGINE"], "local");
    assert!(gitlab["kubelet"].get("services").is_none());
    let found = commands(&gitlab);
    let named: Vec<&str> = found.iter().map(|words| words[1].as_str()).collect();
    assert_eq!(named, ["doctor", "kubelet", "verify"]);
    let pod = yaml("kubernetes-pod.yaml");
    let build = &pod["spec"]["containers"][0];
    let script = build["command"][2].as_str().expect("a script");
    let line = script.lines().next().expect("a line");
    let line = line
        .strip_prefix("/tool/")
        .expect("the tool of the init container");
    let mut words = shlex::split(line).expect("words of a shell");
    assert_eq!(words.pop().as_deref(), Some("&&"));
    let kubelet = Library::new(Vec::new())
        .load("kubelet")
        .expect("a recipe")
        .recipe;
    let recipe = NamedRecipe {
        name: "kubelet",
        recipe: Some(&kubelet),
    };
    let task = yaml("tekton-task.yaml");
    let step = &task["spec"]["steps"][1];
    let script = step["script"].as_str().expect("a script");
    let line = script.lines().find_map(|line| line.strip_prefix("/tool/"));
    let in_task = shlex::split(line.expect("a command")).expect("words of a shell");
    let accepted = command_with_recipes(&[recipe]);
    for words in found.iter().chain([&words, &in_task]) {
        let read = accepted.clone().try_get_matches_from(words);
        assert!(read.is_ok(), "{words:?}");
    }
    // What identifies the image is told to the tool.
    let image = build["image"].as_str().expect("an image");
    let told = build["env"][0]["value"].as_str().expect("a digest");
    assert!(image.ends_with(told) && build.get("securityContext").is_none());
    let image = step["image"].as_str().expect("an image");
    let told = step["env"][0]["value"].as_str().expect("a digest");
    assert!(image.ends_with(told) && step.get("securityContext").is_none());
}

#[test]
fn the_ci_examples_keep_the_cache_and_the_result() {
    let github = yaml("github-actions.yml");
    let job = &github["jobs"]["part"];
    assert_eq!(
        job["strategy"]["matrix"]["part"],
        serde_json::json!([1, 2, 3])
    );
    let folder = job["env"]["KMEMBUILD_CACHE_DIR"].as_str();
    assert!(
        folder.is_some_and(|folder| folder.ends_with("/.kmembuild-cache")),
        "{job}"
    );
    let steps = job["steps"].as_array().expect("steps");
    let using = |action: &str| {
        let step = steps.iter().find(|step| {
            step["uses"]
                .as_str()
                .is_some_and(|uses| uses.split('@').next() == Some(action))
        });
        step.unwrap_or_else(|| panic!("nothing uses {action}"))
    };
    for action in ["actions/cache/restore", "actions/cache/save"] {
        assert_eq!(
            using(action)["with"]["path"],
            "${{ env.KMEMBUILD_CACHE_DIR }}"
        );
    }
    assert_eq!(using("actions/cache/save")["if"], "always()");
    // What is saved is found again: by the beginning of its name.
    let key = using("actions/cache/save")["with"]["key"]
        .as_str()
        .expect("a key");
    let restored = using("actions/cache/restore")["with"]["restore-keys"].as_str();
    assert!(
        restored.is_some_and(|prefix| key.starts_with(prefix.trim())),
        "{key}"
    );
    assert_eq!(
        using("actions/upload-artifact")["with"]["path"],
        "part-${{ matrix.part }}/"
    );
    let whole = github["jobs"]["release"]["steps"]
        .as_array()
        .expect("steps");
    assert_eq!(whole.last().expect("a step")["with"]["path"], "dist/");

    let gitlab = yaml("gitlab-ci.yml");
    let folder = &gitlab["variables"]["KMEMBUILD_CACHE_DIR"];
    assert_eq!(folder, "$CI_PROJECT_DIR/.kmembuild-cache");
    assert_eq!(gitlab["part"]["parallel"], 3);
    assert_eq!(gitlab["part"]["cache"]["paths"][0], ".kmembuild-cache/");
    assert_eq!(gitlab["part"]["cache"]["when"], "always");
    assert_eq!(gitlab["part"]["artifacts"]["paths"][0], "part-*/");
    assert_eq!(gitlab["release"]["artifacts"]["paths"][0], "dist/");
}
