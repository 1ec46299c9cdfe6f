//! Plans: made again they are the same, and making them changes nothing.

use serde_json::Value;

use super::place::{Place, architecture, platform};

const PLAN: [&str; 6] = ["plan", "tool", "--tag", "v1.0.0", "--source", "upstream"];

#[test]
fn a_plan_made_twice_is_the_same_and_only_reads() {
    let place = Place::new();
    for format in ["json", "yaml"] {
        let plan = [&PLAN[..], &["--format", format]].concat();
        let first = place.run(&plan).code(0);
        // The second one takes the source from the store.
        let second = place.run(&plan).code(0);
        assert_eq!(first.stdout, second.stdout);
        assert!(
            !first
                .stdout
                .contains(&place.workplace.path().display().to_string())
        );
    }
    let requests = place.engine.requests();
    assert!(!requests.is_empty());
    for asked in requests {
        let reads = matches!(asked.method.as_str(), "GET" | "HEAD");
        assert!(reads, "{} {}", asked.method, asked.path);
    }
    assert!(!place.workplace.path().join("dist").exists());
    place.nothing_is_left();
}

#[test]
fn a_plan_for_another_architecture_is_a_cross_build() {
    let place = Place::new();
    let other = if architecture() == "amd64" {
        "arm64"
    } else {
        "amd64"
    };
    let plan = place
        .run(&[&PLAN[..], &["--arch", other, "--format", "json"]].concat())
        .code(0);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(plan["architecture"], other);
    assert_eq!(plan["platform"], format!("linux-{other}"));
    let command = &plan["build"]["steps"][1]["command"];
    assert_eq!(command[1], format!("GOARCH={other}"));
    assert_eq!(plan["outputs"][0]["expectations"]["architecture"], other);
    place
        .run(&[&PLAN[..], &["--arch", "riscv64"]].concat())
        .code(11)
        .says("recipe tool does not support riscv64; supported architectures: amd64, arm64");
}

#[test]
fn a_cross_build_is_held_to_the_other_architecture() {
    let place = Place::new();
    let other = if architecture() == "amd64" {
        "arm64"
    } else {
        "amd64"
    };
    // The scripted outputs are for this machine.
    let finished = place.build(&["--arch", other]).code(16);
    let row = finished
        .stdout
        .lines()
        .find(|line| line.contains("FAILED"))
        .unwrap();
    assert!(row.contains("architecture"), "{row}");
    place.nothing_is_left();
}

#[test]
fn a_page_says_what_is_to_come_and_names_the_build() {
    let place = Place::new();
    let layer = format!("sha256:{}", "1".repeat(64));
    place.engine.change(|script| script.layers = vec![layer]);
    let directory = format!("dist/tool/v1.0.0/{}", platform());
    let page = place.run(&PLAN).code(0);
    let commit = format!("v1.0.0, commit {}, from upstream", place.commit);
    let page = page
        .prints("tool v1.0.0 for ")
        .prints(&commit)
        .prints("toolchain:1; on the engine already")
        .prints("1 of 2, configure: ./configure\n")
        .prints("2 of 2, compile: make tool\n")
        .prints("tool: accounting off, statically linked")
        .prints(&directory)
        .prints("SHA256SUMS, build.log, manifest.json")
        .prints("tool v1.0.0: to be built\nnext: kmembuild tool --tag v1.0.0 --source upstream");
    let same = place.run(&[
        "tool",
        "--tag",
        "v1.0.0",
        "--source",
        "upstream",
        "--dry-run",
    ]);
    let without_next = |text: &str| {
        let (text, _) = text.rsplit_once("next: ").expect("a next step");
        text.to_owned()
    };
    // Only the first one had to fetch the source.
    let fetched = same.stdout.replace(" (in the store)", "");
    assert_eq!(without_next(&fetched), without_next(&page.stdout));

    place.build(&[]).code(0);
    place
        .run(&PLAN)
        .code(0)
        .prints("tool v1.0.0: published as it should be, nothing to do\n");
    let elsewhere = [&PLAN[..], &["--output", "elsewhere"]].concat();
    place.run(&elsewhere).code(0).prints(
        "tool v1.0.0: in the cache, will be published without a build\nnext: kmembuild tool",
    );
    let again = [&PLAN[..], &["--no-cache"]].concat();
    place
        .run(&again)
        .code(0)
        .prints("tool v1.0.0: to be built, which took ");
    let quiet = [&PLAN[..], &["-q"]].concat();
    assert_eq!(place.run(&quiet).code(0).stdout.lines().count(), 1);
}

#[test]
fn a_release_finds_the_recipes_beside_its_file_and_those_that_it_names() {
    let place = Place::new();
    let layer = format!("sha256:{}", "a".repeat(64));
    place.engine.change(|script| script.layers = vec![layer]);
    let engine = place.engine.address();
    let run = |words: &[&str]| {
        let engine = ["--host", engine.as_str()];
        place.workplace.run(&[words, &engine[..]].concat())
    };
    let targets = "defaults: {options: {source: [../upstream], unpinned: true, verify-run: false}}\n\
                   targets: [{recipe: tool, versions: [v1.0.0]}]\n";
    let write = |recipes: &str| {
        let text = format!("format: 1\n{recipes}{targets}");
        place.workplace.write("work/release.yaml", &text);
    };
    write("");
    run(&["release", "work/release.yaml", "--plan"])
        .code(10)
        .says("release.yaml:3:20: there is no recipe `tool`")
        .says(
            "hint: a recipe of your own is found in the directory recipes beside the release file",
        )
        .says("--recipe-dir DIR");
    write("recipes: [../nowhere]\n");
    run(&["release", "work/release.yaml", "--plan"])
        .code(10)
        .says("release.yaml:2:11: work/../nowhere is not a directory");
    write("recipes: [../recipes]\n");
    run(&["release", "work/release.yaml", "--plan"])
        .code(0)
        .prints("tool/v1.0.0");

    // Beside the file, it is found without a word; what is named on the command line comes before it.
    let recipe = place.workplace.path().join("recipes/tool.yaml");
    let recipe = std::fs::read_to_string(recipe).expect("the recipe");
    write("");
    place.workplace.write("work/recipes/tool.yaml", &recipe);
    run(&["release", "work/release.yaml"]).code(0);
    let lockfile = place.workplace.path().join("work/kmembuild.lock");
    run(&["lock", "work/release.yaml", "--dry-run"])
        .code(0)
        .prints(
            "work/kmembuild.lock: it would be written\nnext: kmembuild lock work/release.yaml\n",
        );
    assert!(!lockfile.exists());
    run(&["lock", "work/release.yaml"]).code(0);
    assert!(lockfile.exists());
    run(&["lock", "work/release.yaml", "--dry-run"])
        .code(0)
        .prints("work/kmembuild.lock: unchanged\n");
    place
        .workplace
        .write("other/tool.yaml", "format: 1\nnam: tool\n");
    run(&["release", "work/release.yaml", "--recipe-dir", "other"])
        .code(10)
        .says("other/tool.yaml:2:1: unknown field `nam`");

    // And so for a result that is built again, from the directory of the release.
    let result = format!("dist/tool/v1.0.0/{}", super::place::platform());
    let words = [
        "reproduce",
        &result,
        "--source",
        "../upstream",
        "--host",
        &engine,
    ];
    let mut command = place.workplace.command(&words);
    let output = command
        .current_dir(place.workplace.path().join("work"))
        .output()
        .expect("the command starts");
    crate::support::command::Finished::from(output)
        .code(0)
        .prints("\nreproduced: 2 of 2 files equal, in ");
}
