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
