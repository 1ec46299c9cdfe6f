//! `kmembuild kmem report`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::command::Workplace;

/// Recordings in which memory cgroups grow by so many per hour, from so many on, for so many hours. They were made for these
/// tests, with noise that stays for a while as pods do; in `jobs`, each quarter of an hour leaves its cgroups at once.
const SLOPES: [(&str, f64, f64, f64); 5] = [
    ("fast", 900.0, 54_000.0, 0.25),
    ("busy", 1_400.0, 5_400.0, 1.0),
    ("jobs", 2_300.0, 640.0, 4.0),
    ("slow", 5_200.0, 120.0, 12.0),
    ("creeping", 21_000.0, 25.0, 48.0),
];

fn recording(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kmem");
    folder.join(format!("{name}.csv")).display().to_string()
}

fn json(workplace: &Workplace, words: &[&str]) -> Value {
    let words = [&["kmem", "report", "--format", "json"], words].concat();
    let printed = workplace.run(&words).code(0).stdout;
    serde_json::from_str(&printed).expect("one document")
}

#[track_caller]
fn within_a_tenth(found: f64, right: f64, what: &str) {
    assert!(
        (found / right - 1.0).abs() < 0.1,
        "{what}: {found} instead of {right}"
    );
}

#[test]
fn growth_and_forecast_are_within_a_tenth_on_five_slopes() {
    let workplace = Workplace::new();
    for (name, start, per_hour, hours) in SLOPES {
        let file = recording(name);
        let document = json(&workplace, &[&file]);
        let trend = &document["trends"]["memory-cgroups"];
        assert_eq!(trend["trend"], "grows", "{name}: {trend}");
        let found = trend["per-hour"].as_f64().expect("a rate");
        within_a_tenth(found, per_hour, name);
        let right = (65_535.0 - start - per_hour * hours) / per_hour * 3600.0;
        let left = document["full-in-seconds"].as_f64().expect("a forecast");
        within_a_tenth(left, right, name);
        let verdict = document["verdict"].as_str().expect("a verdict");
        assert!(
            verdict.starts_with("memory cgroups grow by ")
                && verdict.ends_with(" after the last measurement"),
            "{verdict}"
        );
        assert_eq!(document["origin"]["host"], name);

        // The metrics say the same.
        let words = ["kmem", "report", &file, "--format", "prometheus"];
        let metrics = workplace.run(&words).code(0).stdout;
        let value = |name: &str| {
            let line = metrics.lines().find(|line| line.starts_with(name));
            let value = line.and_then(|line| line.rsplit_once(' ')).expect("a line");
            value.1.parse::<f64>().expect("a number")
        };
        let rate = value("kmembuild_kmem_growth_per_hour{figure=\"memory-cgroups\"}");
        assert!((rate - found).abs() < 1.0, "{metrics}");
        assert!((value("kmembuild_kmem_full_in_seconds") - left).abs() <= 1.0);
    }
}

#[test]
fn what_it_says_is_the_same_in_text_and_on_the_page() {
    let workplace = Workplace::new();
    let (slow, fast) = (recording("slow"), recording("fast"));
    let words = [
        "kmem",
        "report",
        &slow,
        &fast,
        "--html",
        "page.html",
        "--label",
        "before <b>",
    ];
    let printed = workplace.run(&words).code(0).stdout;
    let verdict = printed.lines().last().expect("a verdict");
    assert!(
        verdict.starts_with("fast.csv: memory cgroups grow by 54,")
            && verdict.contains("; before <b>: memory cgroups grow by 118 (±4) per hour"),
        "{verdict}"
    );
    assert!(printed.contains("wrote page.html"), "{printed}");
    let page = fs::read_to_string(workplace.path().join("page.html")).expect("the page");
    let verdict = verdict.replace('<', "&lt;").replace('>', "&gt;");
    assert!(page.contains(&verdict), "{verdict}");
    for told in [
        "<title>Kernel memory of fast and slow over time</title>",
        "before &lt;b&gt;; host slow; kernel 4.9.0-13-amd64; 2026-03-01 10:00:00 UTC",
        "fast.csv; host fast; kernel 4.4.0-210-generic;",
        // A quarter of an hour beside twelve hours: each has a picture of its own.
        "fast.csv, since the start",
        "before &lt;b&gt;, since the start",
        "<title>after ",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(
        !page.contains("<b>;") && page.len() < 400_000,
        "{}",
        page.len()
    );

    // Of one recording the times are those of the clock.
    let alone = ["kmem", "report", &fast, "--html", "page.html"];
    workplace.run(&alone).code(0);
    let page = fs::read_to_string(workplace.path().join("page.html")).expect("the page");
    for told in [
        "2026-03-01, UTC",
        ">10:00<",
        "<title>2026-03-01 10:0",
        " UTC\n",
    ] {
        assert!(page.contains(told), "{told}");
    }
    // Without a page, how to get one is what comes next.
    let without = workplace.run(&["kmem", "report", &fast]).code(0);
    let next = format!("next: kmembuild kmem report {fast} --html kmem.html\n");
    without.prints(&next);
}

#[test]
fn each_recording_is_judged_by_the_kernel_that_it_was_made_on() {
    let workplace = Workplace::new();
    let slow = fs::read_to_string(recording("slow")).expect("a recording");
    let centos = slow.replace("4.9.0-13-amd64", "3.10.0-1160.el7.x86_64");
    workplace.write("centos.csv", &centos);
    let document = json(&workplace, &[&recording("slow"), "centos.csv"]);
    let verdict = document["verdict"].as_str().expect("a verdict");
    assert!(
        verdict.contains("centos.csv: slab caches grow by ")
            && verdict.contains("this kernel does not count leaked memory cgroups")
            && verdict.contains("slow.csv: memory cgroups grow by "),
        "{verdict}"
    );
    assert_eq!(document["full-in-seconds"], Value::Null);
    assert!(document["earlier"]["full-in-seconds"].is_number());

    // A recording of a version that did not write where it was made.
    let (_, old) = slow.split_once("format,").expect("a header");
    workplace.write("old.csv", &format!("format,{old}"));
    let document = json(&workplace, &["old.csv"]);
    assert_eq!(document["origin"]["host"], Value::Null);
    assert_eq!(document["trends"]["memory-cgroups"]["trend"], "grows");
}

#[test]
fn what_cannot_be_drawn_is_told() {
    let workplace = Workplace::new();
    let slow = recording("slow");
    workplace.write("empty.csv", "# host: a\n");
    workplace.write("broken.csv", "# host: a\nformat,time\n1,yesterday\n");
    for (words, code, said) in [
        (&["empty.csv"][..], 2, "empty.csv contains no measurements"),
        (&["broken.csv"], 2, "could not read broken.csv"),
        (&["nowhere.csv"], 2, "caused by: "),
        (&[], 2, "required arguments were not provided"),
        (
            &["empty.csv", "empty.csv", "empty.csv"],
            2,
            "unexpected value",
        ),
        (
            &[&slow, "--label", "a", "--label", "b"],
            2,
            "--label is given 2 times, but there is 1 recording to name",
        ),
        (
            &[&slow, "--html", "nowhere/page.html"],
            15,
            "could not write nowhere/page.html",
        ),
    ] {
        let words = [&["kmem", "report"], words].concat();
        workplace.run(&words).code(code).says(said);
    }
    fs::copy(&slow, workplace.path().join("slow.csv")).expect("copied");
    let over = ["kmem", "report", "slow.csv", "--html", "./slow.csv"];
    workplace
        .run(&over)
        .code(2)
        .says("--html ./slow.csv is also a recording; the page would overwrite it");
}
