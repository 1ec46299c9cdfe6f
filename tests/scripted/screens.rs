//! Whole screens: what a person reads on a terminal, from the first line to the last, at two widths, in colour and not.

use std::fs;
use std::process::{Command, Stdio};

use regex_lite::{Captures, Regex};

use super::place::{BUILD, Place, good_script, names, platform, script_with_make};
use super::program::with_accounting;
use crate::support::command::Workplace;
use crate::support::golden::assert_golden;
use crate::support::leaking_node::{self, HIERARCHY};
use crate::support::node_results::{QUIET, result};
use crate::support::package_key::MadeKey;
use crate::support::scripted_engine::{Ending, Script, Step};
use crate::support::terminal::Terminal;

/// A screen: what is typed where, and how that ends.
struct Screen {
    /// Name of its golden file.
    name: &'static str,
    words: &'static [&'static str],
    code: i32,
    /// What was done there before.
    before: fn(&Place),
    script: fn() -> Script,
    /// Whether it is a node with the leak, instead of this machine.
    on_a_node: bool,
}

const NOTHING: fn(&Place) = |_| {};

/// A screen of a new place.
const fn screen(name: &'static str, words: &'static [&'static str], code: i32) -> Screen {
    Screen {
        name,
        words,
        code,
        before: NOTHING,
        script,
        on_a_node: false,
    }
}

impl Screen {
    const fn after(mut self, before: fn(&Place)) -> Self {
        self.before = before;
        self
    }

    const fn with(mut self, script: fn() -> Script) -> Self {
        self.script = script;
        self
    }

    const fn on_a_node(mut self) -> Self {
        self.on_a_node = true;
        self
    }

    /// The command at that width, in a place of its own, with its place where that stands.
    fn show(&self, columns: usize, colour: bool) -> String {
        let place = Place::at(Workplace::of_fixed_length(), (self.script)());
        (self.before)(&place);
        let results = names(&place.workplace.path().join("cache/results"));
        let key = results.first().map(|key| &key[..key.len().min(12)]);
        let key = key.unwrap_or_default();
        let words = self.words.iter();
        let words: Vec<_> = words
            .map(|word| word.replace("PLATFORM", &platform()))
            .map(|word| word.replace("KEY", key))
            .collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let no_colour = if colour { "" } else { "NO_COLOR=1 " };
        let line = if self.on_a_node {
            leaking_node::make(&place.workplace);
            place.line_on_a_node(&words)
        } else {
            place.line(&words)
        };
        let line = format!("{no_colour}{line}");
        let (code, terminal) = Terminal::run(&place.workplace, columns, &line);
        let shown = if colour {
            terminal.marked()
        } else {
            terminal.plain()
        };
        assert_eq!(code, self.code, "{}:\n{shown}", self.name);
        let address = place.engine.address();
        let path = place.workplace.path().display().to_string();
        let shown = shown.replace(&address, "unix:///engine.sock");
        let shown = shown.replace(&path, "/tmp/place-000000");
        let shown = shown.replace(&place.commit, &"0".repeat(40));
        let shown = shown.replace(&platform(), "linux-amd64");
        with_zeroes(&shown)
    }

    #[track_caller]
    fn check(&self) {
        let mut text = format!("$ kmembuild {}\n", self.words.join(" "));
        for columns in [80, 120] {
            let plain = self.show(columns, false);
            let coloured = self.show(columns, true);
            assert_eq!(
                without_marks(&coloured),
                plain,
                "{}: colours are not to change words",
                self.name
            );
            text += &format!("\n-- {columns} columns\n{plain}");
            text += &format!("\n-- {columns} columns, in colour\n{coloured}");
        }
        assert_golden("screens", self.name, &text);
    }
}

/// What differs from run to run and from machine to machine, with zeroes for its digits: it stays as wide.
const VARYING: [&str; 10] = [
    r"\b\d+ ms\b",
    r"\d+\.\d s\b",
    r"\d+\.\d [KMG]iB",
    r"\d+ bytes",
    r"at byte\s+\d+",
    r"\b[0-9a-f]{64}\b",
    r"\b[0-9a-f]{12}\b",
    // The key of a result, which may end in the next row.
    r"\b[0-9a-f]{20,64}(?:\n[0-9a-f]{10,})?\b",
    r"\d+ B\b",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z",
];

pub(crate) fn with_zeroes(text: &str) -> String {
    let mut text = text.to_owned();
    for pattern in VARYING {
        let pattern = Regex::new(pattern).expect("a pattern");
        let zeroes = |found: &Captures<'_>| {
            let is_hex = |c: char| c.is_ascii_hexdigit() || c == '\n';
            let is_hex = found[0].chars().all(is_hex);
            let zero = |c: char| c.is_ascii_digit() || (is_hex && c.is_ascii_hexdigit());
            found[0].replace(zero, "0")
        };
        text = pattern.replace_all(&text, zeroes).into_owned();
    }
    text
}

/// The text without the marks of colours.
pub(crate) fn without_marks(text: &str) -> String {
    let mark = Regex::new(r"<(?:(?:bold|underlined|red|green|yellow|blue|cyan) ?)+:([^>]*)>");
    mark.expect("a pattern")
        .replace_all(text, "$1")
        .into_owned()
}

/// The good one, in which images are known again: what is built has a key.
fn script() -> Script {
    Script {
        layers: vec![format!("sha256:{}", "1".repeat(64))],
        ..good_script()
    }
}

fn failing() -> Script {
    let step = Step::says(&["compiling"], Ending::Exit(2)).complains(&["Error 2"]);
    script_with_make(step)
}

fn unproven() -> Script {
    let mut script = script();
    let tool = "/src/tool".to_owned();
    script.files.insert(tool, with_accounting());
    script
}

fn built(place: &Place) {
    place.build(&[]).code(0);
}

fn in_the_cache(place: &Place) {
    built(place);
    fs::remove_dir_all(place.workplace.path().join("dist")).expect("removed");
}

fn changed(place: &Place) {
    built(place);
    fs::write(place.result().join("tool"), "another").expect("written");
}

fn damaged(place: &Place) {
    built(place);
    let results = place.workplace.path().join("cache/results");
    let entry = fs::read_dir(results).expect("the cache");
    let entry = entry.flatten().find(|entry| entry.path().is_dir());
    let file = entry.expect("a result").path().join("tool");
    fs::remove_file(&file).expect("the file");
    fs::write(file, "another").expect("written");
}

fn release_file(place: &Place) {
    let lines = "format: 1\ndefaults: {options: {source: [upstream], unpinned: true, verify-run: false}}\n\
                 targets: [{recipe: tool, versions: [v1.0.0, v2.0.0]}]\n";
    place.workplace.write("release.yaml", lines);
}

pub(super) fn released(place: &Place) {
    release_file(place);
    place.run(&["release"]).code(0);
}

fn bad_release_file(place: &Place) {
    let lines = "format: 1\ndefaults: {options: {source: [upstream], unpinned: true, verify-run: false}}\n\
                 targets: [{recipe: tool, versions: [v1.0.0, v2.0.0, v3.0.0]}]\n";
    place.workplace.write("release.yaml", lines);
}

pub(super) fn pushed(place: &Place) {
    built(place);
    let result = RESULT.replace("PLATFORM", &platform());
    place.run(&["push", &result, "oci:layout"]).code(0);
}

fn in_two_parts(place: &Place) {
    release_file(place);
    for (part, output) in [("1/2", "p1"), ("2/2", "p2")] {
        let words = ["release", "--partition", part, "--output", output];
        place.run(&words).code(0);
    }
}

/// What the recipe says of its packages.
const PACKAGE: &str = "package:
  name: tool
  summary: A tool of a test
  description: It does nothing.
  license: Apache-2.0
  homepage: https://tool.example/
  label: nokmem
  revision: 1000
  files: [{path: /usr/bin/tool, output: tool}]
";

pub(super) fn packed(place: &Place) {
    let made = MadeKey::new("rsa2048", "sign");
    let key = place.workplace.path().join("packages.key");
    fs::copy(made.secret(), key).expect("a key");
    let lines = "format: 1\ndefaults: {options: {source: [upstream], unpinned: true, verify-run: false}}\n\
                 targets: [{recipe: tool, versions: [v1.0.0], packages: [rpm, deb]}]\n";
    place.workplace.write("release.yaml", lines);
    let recipe = place.workplace.path().join("recipes/tool.yaml");
    let recipe = fs::read_to_string(recipe).expect("a recipe") + PACKAGE;
    place.workplace.write("recipes/tool.yaml", &recipe);
    let words = ["release", "--package-key", "packages.key"];
    place.run(&words).code(0);
}

fn runc_published(place: &Place) {
    let dist = place.workplace.path().join("dist");
    result(
        &dist,
        "runc",
        "v1.0.0-rc10",
        "runc version 1.0.0-rc10",
        QUIET,
    );
}

pub(super) fn runc_and_nodes(place: &Place) {
    runc_published(place);
    place
        .workplace
        .write("nodes", "node17\nnode18 root@10.0.0.18\n");
    place.workplace.write("wrong", "node17\n$(reboot)\n");
}

fn leaking(place: &Place) {
    let tool = place.workplace.path().join("runc");
    fs::write(tool, with_accounting()).expect("written");
}

fn key(place: &Place) {
    // Of no use to anybody: it is in this repository.
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n";
    let path = place.workplace.write("release.key", key);
    let only_mine = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(path, only_mine).expect("permissions");
}

fn recordings(place: &Place) {
    for name in ["fast", "slow"] {
        let from = format!(
            "{}/tests/fixtures/kmem/{name}.csv",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = fs::read_to_string(from).expect("a recording");
        place.workplace.write(&format!("{name}.csv"), &text);
    }
}

fn nodes(place: &Place) {
    for (host, state) in [
        ("node-1", "leaks"),
        ("node-2", "cured"),
        ("node-3", "reboot-needed"),
        ("node-4", "not-affected"),
    ] {
        let document = crate::fleet::documents::document(host, state, "2020-03-01T10:00:00Z");
        let path = format!("nodes/{host}.json");
        place.workplace.write(&path, &document.to_string());
    }
    place.workplace.write("nodes/bad.json", "{");
}

/// Each of these is checked; the tests below share them, so that they run beside each other.
const BUILDS: [Screen; 7] = [
    screen("build", &BUILD, 0),
    screen(
        "build-quiet",
        &["tool", "--tag", "v1.0.0", "--source", "upstream", "-q"],
        0,
    ),
    screen(
        "build-verbose",
        &["tool", "--tag", "v1.0.0", "--source", "upstream", "-v"],
        0,
    ),
    screen("build-again", &BUILD, 0).after(built),
    screen("build-from-the-cache", &BUILD, 0).after(in_the_cache),
    screen("build-failed", &BUILD, 14).with(failing),
    screen("build-unproven", &BUILD, 16).with(unproven),
];

const PLANS: [Screen; 4] = [
    screen(
        "plan",
        &["plan", "tool", "--tag", "v1.0.0", "--source", "upstream"],
        0,
    ),
    screen(
        "plan-quiet",
        &[
            "plan", "tool", "--tag", "v1.0.0", "--source", "upstream", "-q",
        ],
        0,
    ),
    screen("release-plan", &["release", "--plan"], 0).after(release_file),
    screen("release-plan-bad", &["release", "--plan"], 13).after(bad_release_file),
];

const RELEASES: [Screen; 7] = [
    screen("release", &["release"], 0).after(release_file),
    screen("release-again", &["release"], 0).after(released),
    screen("release-quiet", &["release", "-q"], 0).after(release_file),
    screen("release-bad", &["release", "--jobs", "1"], 13).after(bad_release_file),
    screen("lock", &["lock", "release.yaml"], 0).after(release_file),
    screen("reproduce", &["reproduce", RESULT], 0).after(built),
    screen("reproduce-dry-run", &["reproduce", RESULT, "--dry-run"], 0).after(built),
];

const PARTS: [Screen; 5] = [
    screen("release-part", &["release", "--partition", "1/2"], 0).after(release_file),
    screen("release-merge", &["release", "--merge", "p1", "p2"], 0).after(in_two_parts),
    screen("release-merge-missing", &["release", "--merge", "p1"], 17).after(in_two_parts),
    screen("repository", &REPOSITORY, 0).after(packed),
    screen("repository-dry-run", &REPOSITORY_DRY_RUN, 0).after(packed),
];

const REGISTRIES: [Screen; 11] = [
    screen("push", &["push", RESULT, "oci:layout"], 0).after(built),
    screen("push-again", &["push", RESULT, "oci:layout"], 0).after(pushed),
    screen("push-quiet", &["push", RESULT, "oci:layout", "-q"], 0).after(built),
    screen("push-changed", &["push", RESULT, "oci:layout"], 17).after(changed),
    screen("push-release", &["push", "dist", "oci:layout"], 0).after(released),
    screen("pull", &["pull", "oci:layout:v1.0.0", "pulled"], 0).after(pushed),
    screen(
        "pull-quiet",
        &["pull", "oci:layout:v1.0.0", "pulled", "-q"],
        0,
    )
    .after(pushed),
    screen("pull-missing", &["pull", "oci:layout:v2.0.0", "pulled"], 12).after(pushed),
    screen(
        "push-dry-run",
        &["push", RESULT, "oci:layout", "--dry-run"],
        0,
    )
    .after(built),
    screen(
        "push-dry-run-again",
        &["push", RESULT, "oci:layout", "--dry-run"],
        0,
    )
    .after(pushed),
    screen(
        "pull-dry-run",
        &["pull", "oci:layout:v1.0.0", "pulled", "--dry-run"],
        0,
    )
    .after(pushed),
];

const REPOSITORY_DRY_RUN: [&str; 9] = [
    "repository",
    "dist",
    "--yum",
    "el7",
    "--apt",
    "stable",
    "--package-key",
    "packages.key",
    "--dry-run",
];

const REPOSITORY: [&str; 8] = [
    "repository",
    "dist",
    "--yum",
    "el7",
    "--apt",
    "stable",
    "--package-key",
    "packages.key",
];

const CHECKS: [Screen; 8] = [
    screen("verify", &["verify", TOOL, "--no-run"], 0).after(built),
    screen("verify-verbose", &["verify", TOOL, "--no-run", "-v"], 0).after(built),
    screen("verify-quiet", &["verify", TOOL, "--no-run", "-q"], 0).after(built),
    screen("verify-leaking", &["verify", "runc", "--no-run"], 16).after(leaking),
    screen("verify-missing", &["verify", "runc"], 5),
    screen("verify-directory", &["verify", RESULT], 0).after(built),
    screen("verify-changed", &["verify", RESULT], 17).after(changed),
    screen("verify-release", &["verify", "dist"], 0).after(released),
];

const CACHES: [Screen; 7] = [
    screen("cache-show", &["cache", "show", "KEY"], 0).after(built),
    screen("cache-list", &["cache", "list"], 0).after(built),
    screen("cache-list-empty", &["cache", "list"], 0),
    screen("cache-verify", &["cache", "verify"], 0).after(built),
    screen("cache-verify-damaged", &["cache", "verify"], 17).after(damaged),
    screen("cache-prune", &["cache", "prune", "--dry-run"], 0).after(built),
    screen("clean", &["clean"], 0).after(built),
];

const ROLLOUTS: [Screen; 5] = [
    screen("rollout", &["rollout", RUNC, "--nodes", "nodes"], 0).after(runc_and_nodes),
    screen(
        "rollout-by-labels",
        &["rollout", RUNC, "--selector", "pool=old"],
        0,
    )
    .after(runc_and_nodes),
    screen("rollout-wrong", &["rollout", RUNC, "--nodes", "wrong"], 2).after(runc_and_nodes),
    screen(
        "rollout-again",
        &["rollout", RUNC, "--nodes", "nodes", "-o", "dist"],
        15,
    )
    .after(runc_and_nodes),
    screen(
        "rollout-dry-run",
        &["rollout", RUNC, "--nodes", "nodes", "--dry-run"],
        0,
    )
    .after(runc_and_nodes),
];

const BUNDLES: [Screen; 2] = [
    screen(
        "bundle-without-lock",
        &["bundle", "-o", "closed.oci.tar"],
        17,
    )
    .after(release_file),
    screen(
        "release-without-bundle",
        &["release", "--bundle", "closed.oci.tar"],
        2,
    ),
];

const NODES: [Screen; 7] = [
    screen(
        "kmem-report",
        &["kmem", "report", "slow.csv", "fast.csv"],
        0,
    )
    .after(recordings),
    screen("kmem-report-one", &["kmem", "report", "fast.csv"], 0).after(recordings),
    screen("kmem-exhaust", &["kmem", "exhaust", "--count", "60000"], 2),
    screen("fleet", &["fleet", "nodes"], 3).after(nodes),
    screen("node-script", &["node-script", RUNC, "-o", "node.sh"], 0).after(runc_published),
    screen("node-script-wrong", &["node-script", RESULT], 2).after(built),
    screen(
        "node-script-dry-run",
        &["node-script", RUNC, "-o", "node.sh", "--dry-run"],
        0,
    )
    .after(runc_published),
];

/// What differs from machine to machine, on one that is the same everywhere.
const ON_A_NODE: [Screen; 10] = [
    screen("doctor-of-the-leak", &["doctor", "--only", "leak"], 1).on_a_node(),
    screen(
        "doctor-of-the-leak-all",
        &["doctor", "--only", "leak", "--all"],
        1,
    )
    .on_a_node(),
    screen("node", &["node", "--root", HIERARCHY], 3).on_a_node(),
    screen("node-verbose", &["node", "--root", HIERARCHY, "-v"], 3).on_a_node(),
    screen("kmem-status", &["kmem", "status", "--root", HIERARCHY], 3).on_a_node(),
    screen("kmem-watch", &WATCH, 0).on_a_node(),
    screen("kmem-watch-quiet", &WATCH_QUIET, 0).on_a_node(),
    screen(
        "doctor-without-network",
        &["doctor", "--only", "build", "--timeout", "5s"],
        1,
    )
    .on_a_node(),
    screen(
        "doctor-all",
        &["doctor", "runc", "--only", "build", "--all"],
        1,
    )
    .on_a_node(),
    screen(
        "doctor-of-a-recipe",
        &["doctor", "tool", "--only", "build"],
        1,
    )
    .on_a_node(),
];

const WATCH: [&str; 8] = [
    "kmem",
    "watch",
    "--root",
    HIERARCHY,
    "--count",
    "3",
    "--interval",
    "50ms",
];

const WATCH_QUIET: [&str; 9] = [
    "kmem",
    "watch",
    "--root",
    HIERARCHY,
    "--count",
    "3",
    "--interval",
    "50ms",
    "-q",
];

const RECIPES: [Screen; 7] = [
    screen("recipes-show", &["recipes", "show", "tool"], 0),
    screen("completions", &["completions", "bash"], 0),
    screen("recipes-list", &["recipes", "list"], 0),
    screen(
        "recipes-check",
        &["recipes", "check", "recipes/tool.yaml"],
        0,
    ),
    screen(
        "recipes-check-missing",
        &["recipes", "check", "tool.yaml"],
        10,
    ),
    screen("man", &["man", "man1"], 0),
    screen("public-key", &["public-key", "release.key"], 0).after(key),
];

const HELP: [Screen; 7] = [
    screen("help", &["--help"], 0),
    screen("help-of-a-recipe", &["tool", "--help"], 0),
    screen("help-of-verify", &["verify", "-h"], 0),
    screen("wrong-command", &["verfy", "dist"], 2),
    screen("wrong-option", &["verify", "dist", "--jason"], 2),
    screen("no-dry-run", &["verify", "dist", "--dry-run"], 2),
    screen("no-version", &["runc"], 2),
];

const TOOL: &str = "dist/tool/v1.0.0/PLATFORM/tool";
const RESULT: &str = "dist/tool/v1.0.0/PLATFORM";
const RUNC: &str = "dist/runc/v1.0.0-rc10/linux-amd64";

#[track_caller]
fn check(screens: &[Screen]) {
    screens.iter().for_each(Screen::check);
}

#[test]
fn builds() {
    check(&BUILDS);
}

#[test]
fn plans() {
    check(&PLANS);
}

#[test]
fn releases() {
    check(&RELEASES);
}

#[test]
fn parts_and_repositories() {
    check(&PARTS);
}

#[test]
fn registries() {
    check(&REGISTRIES);
}

#[test]
fn checks() {
    check(&CHECKS);
}

#[test]
fn caches() {
    check(&CACHES);
}

#[test]
fn rollouts_and_bundles() {
    check(&ROLLOUTS);
    check(&BUNDLES);
}

#[test]
fn nodes_and_fleets() {
    check(&NODES);
}

#[test]
fn a_node_with_the_leak() {
    check(&ON_A_NODE);
}

#[test]
fn recipes_and_keys() {
    check(&RECIPES);
}

#[test]
fn help_and_wrong_words() {
    check(&HELP);
}

#[test]
fn a_result_fits_on_a_small_screen() {
    let place = Place::at(Workplace::of_fixed_length(), script());
    let line = format!("{} 2>/dev/null", place.line(&BUILD));
    let (code, terminal) = Terminal::run(&place.workplace, 80, &line);
    let shown = terminal.plain();
    assert_eq!(code, 0, "{shown}");
    let lines = shown.lines().count();
    assert!((2..=15).contains(&lines), "{shown}");
}

#[test]
fn the_doctor_fits_on_a_small_screen_without_a_network() {
    let place = Place::at(Workplace::of_fixed_length(), script());
    let line = place.line(&["doctor", "--timeout", "5s"]);
    let line = format!("unshare --map-root-user --net {line}");
    let (code, terminal) = Terminal::run(&place.workplace, 80, &line);
    let shown = terminal.plain();
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("registry ("), "{shown}");
    assert!(shown.contains("Can it build?"), "{shown}");
    assert!(shown.lines().count() <= 24, "{shown}");
    assert!(terminal.marked().contains("<red bold:FAIL>"), "{shown}");
}

#[test]
fn only_ascii_is_drawn_while_a_build_goes_on_where_there_is_nothing_else() {
    for (locale, is_ascii) in [("C", true), ("C.UTF-8", false)] {
        let place = Place::at(Workplace::of_fixed_length(), script());
        let line = format!("LC_ALL={locale} {}", place.line(&BUILD));
        let mut script = place
            .workplace
            .set_up(Command::new("script"), &["-qec", &line, "/dev/null"]);
        let output = script.env("TERM", "xterm").stdin(Stdio::null()).output();
        let drawn = String::from_utf8(output.expect("script starts").stdout).expect("text");
        assert!(drawn.contains("\u{1b}[2K"), "nothing moved: {drawn}");
        assert_eq!(drawn.is_ascii(), is_ascii, "{drawn}");
    }
}

#[test]
fn quiet_commands_print_a_path_or_nothing() {
    let place = Place::at(Workplace::of_fixed_length(), script());
    release_file(&place);
    nodes(&place);
    let tool = TOOL.replace("PLATFORM", &platform());
    let result = RESULT.replace("PLATFORM", &platform());
    for words in [
        &["plan", "tool", "--tag", "v1.0.0", "--source", "upstream"][..],
        &BUILD,
        &["verify", &tool],
        &["verify", &result],
        &["release", "--plan", "--only", "tool/*"],
        &["lock", "release.yaml"],
        &["fleet", "nodes"],
        &["node"],
        &["doctor", "--timeout", "1s"],
    ] {
        let words = [words, &["-q"]].concat();
        let printed = place.run(&words).stdout;
        let is_path = printed.lines().count() == 1 && !printed.contains(' ');
        assert!(printed.is_empty() || is_path, "{words:?}: {printed}");
        if words[0] != "plan" && is_path && words[1] != "--plan" {
            let path = place.workplace.path().join(printed.trim_end());
            assert!(path.exists(), "{words:?}: {printed}");
        }
    }
}
