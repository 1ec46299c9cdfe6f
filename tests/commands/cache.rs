//! `kmembuild cache`, as far as no engine is needed.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use kmembuild::artifacts::cache::{ENTRY_FORMAT, Entry, Results};
use serde_json::Value;

use crate::support::command::{Finished, Workplace};

/// An engine that is not there.
const NOWHERE: [&str; 2] = ["--host", "unix:///nowhere/docker.sock"];

/// A command of the cache, where no engine is.
fn run(workplace: &Workplace, words: &[&str]) -> Finished {
    let asks_engine = words.iter().any(|word| ["list", "prune"].contains(word));
    let engine = if asks_engine { &NOWHERE[..] } else { &[] };
    workplace.run(&[&["cache"], words, engine].concat())
}

/// A workplace whose cache holds the results a, b and c of a MiB, last used three, two and one days ago.
struct Place {
    workplace: Workplace,
    results: Results,
}

/// The key that is all of one letter.
fn key(letter: &str) -> String {
    letter.repeat(64)
}

impl Place {
    fn new() -> Self {
        let workplace = Workplace::new();
        let cache = workplace.path().join("cache");
        let results = Results::new(
            cache.join("results"),
            cache.join("locks"),
            cache.join("results.secret"),
        );
        for (days, letter, recipe) in [(3, "a", "runc"), (2, "b", "kubelet"), (1, "c", "runc")] {
            let made = workplace.path().join(letter);
            fs::create_dir(&made).expect("a folder");
            fs::write(made.join("runc"), vec![7; 1 << 20]).expect("a result");
            let entry = Entry {
                format: ENTRY_FORMAT,
                key: key(letter),
                recipe: recipe.to_owned(),
                version: format!("v1.0.{days}"),
                platform: "linux-amd64".to_owned(),
                files: Vec::new(),
                mac: String::new(),
            };
            let stored = results.store(entry, &made, &["runc".to_owned()], "1");
            stored.expect("stored");
            // The only name that is left is the cache's.
            fs::remove_dir_all(&made).expect("removed");
            let list = results.entry_folder(&key(letter)).join("entry.json");
            let list = File::options().append(true).open(list).expect("a list");
            let used = SystemTime::now() - Duration::from_hours(24 * days);
            list.set_modified(used).expect("a time");
        }
        Self { workplace, results }
    }

    fn cache(&self, words: &[&str]) -> Finished {
        run(&self.workplace, words)
    }

    fn json(&self, words: &[&str], code: i32) -> Value {
        let finished = self
            .cache(&[words, &["--format", "json"]].concat())
            .code(code);
        serde_json::from_str(&finished.stdout).expect("one document")
    }

    fn folder(&self, letter: &str) -> PathBuf {
        self.results.entry_folder(&key(letter))
    }

    /// Letters of the results that are there, in their order.
    fn left(&self) -> String {
        let there = |letter: &&str| self.folder(letter).exists();
        ["a", "b", "c"].into_iter().filter(there).collect()
    }
}

#[test]
fn results_are_listed_without_an_engine_and_that_is_said() {
    let place = Place::new();
    let listed = place.cache(&["list"]).code(0);
    let listed = listed
        .prints("3 results in ")
        .prints("\n3 results, 3.0 MiB of at most 20.0 GiB; no engine answers\nnext: kmembuild cache show cccccccccccc\n")
        .says("warning: could not list compile caches and images: no container engine answers at unix:///nowhere");
    let rows: Vec<_> = listed
        .stdout
        .lines()
        .filter(|line| line.contains("linux-amd64"))
        .collect();
    assert_eq!(rows.len(), 3);
    for (row, expected) in rows.iter().zip([
        ("runc", "v1.0.1", "c"),
        ("kubelet", "v1.0.2", "b"),
        ("runc", "v1.0.3", "a"),
    ]) {
        let cells: Vec<_> = row.split_whitespace().collect();
        assert_eq!((cells[0], cells[1]), (expected.0, expected.1));
        assert_eq!(cells[cells.len() - 1], &key(expected.2)[..12]);
    }

    let json = place.json(&["list"], 0);
    assert_eq!(json["format"], 1);
    assert_eq!(json["engine"], Value::Null);
    assert_eq!(json["results"]["entries"][0]["key"], key("c").as_str());
    assert_eq!(json["results"]["limit"], 20_u64 << 30);
    assert_eq!(json["remarks"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["next"], "kmembuild cache show cccccccccccc");

    let empty = Workplace::new();
    let words = [&["cache", "list"][..], &NOWHERE].concat();
    empty.run(&words).code(0).prints("0 results in ");
}

#[test]
fn what_is_none_of_the_tools_costs_a_line() {
    let place = Place::new();
    let folder = place.results.folder();
    fs::write(folder.join("notes.txt"), "mine").expect("written");
    fs::create_dir(folder.join("photos")).expect("made");
    fs::remove_file(place.folder("b").join("entry.json")).expect("removed");
    symlink("entry.json", place.folder("b").join("entry.json")).expect("a link to itself");
    let listed = place.cache(&["list"]).code(0);
    listed
        .prints("3 results in ")
        .prints("DAMAGED: ")
        .says("notes.txt: its name is not the name of a result; kept as it is")
        .says("photos: its name is not the name of a result; kept as it is");
    place.cache(&["prune", "--size", "0"]).code(0);
    assert_eq!(place.left(), "");
    assert!(folder.join("notes.txt").exists() && folder.join("photos").exists());

    let place = Workplace::new();
    place.write("cache/results", "a file for the folder");
    let run = |words: &[&str]| run(&place, words);
    let said = "cache/results: Not a directory";
    run(&["list"]).code(0).prints("0 results").says(said);
    run(&["prune"])
        .code(0)
        .prints("nothing to remove")
        .says(said);
    run(&["verify"]).code(17).says(said);
    run(&["show", "a"]).code(2).says(said);
}

#[test]
fn a_result_is_shown_by_the_beginning_of_its_key() {
    let place = Place::new();
    let shown = place.cache(&["show", "AAA"]).code(0);
    shown
        .prints(&format!("key        {}\n", key("a")))
        .prints("version    v1.0.3\n")
        .prints("\nrunc v1.0.3 for linux-amd64: 1 file, 1.0 MiB, last used ")
        .prints("Z\nnext: kmembuild cache verify\n")
        .says("manifest.json: No such file");
    let json = place.json(&["show", &key("b")], 0);
    assert_eq!(
        (&json["recipe"], &json["manifest"]),
        (&"kubelet".into(), &Value::Null)
    );
    assert_eq!(json["files"][0]["name"], "runc");

    place
        .cache(&["show", "0"])
        .code(2)
        .says("no result in the cache has a key that starts with 0")
        .says("hint: use `kmembuild cache list`");
    place
        .cache(&["show", ""])
        .code(2)
        .says("a value is required");
    let another = format!("a{}", key("b").split_off(1));
    fs::create_dir(place.results.entry_folder(&another)).expect("made");
    place
        .cache(&["show", "a"])
        .code(2)
        .says("a is ambiguous; it matches 2 results")
        .says(&another);
    place
        .cache(&["show", "ab"])
        .code(17)
        .says("has no list of its files")
        .says("hint: use `kmembuild cache verify --remove`");
}

#[test]
fn a_damaged_result_is_named_and_removed_on_request() {
    let place = Place::new();
    place
        .cache(&["verify"])
        .code(0)
        .prints("3 results, all intact\n");
    assert_eq!(place.cache(&["verify", "-q"]).code(0).stdout, "");
    let json = place.json(&["verify"], 0);
    assert_eq!(json["verdict"], "3 results, all intact");
    let mut bytes = fs::read(place.folder("a").join("runc")).expect("the result");
    bytes[1 << 19] ^= 1;
    fs::write(place.folder("a").join("runc"), bytes).expect("written");
    fs::write(place.folder("b").join("entry.json"), "{}").expect("written");
    let damaged = place.folder("a").join("runc").display().to_string();
    let verified = place.cache(&["verify"]).code(17);
    verified
        .prints(&format!(
            "DAMAGED {} (runc v1.0.3): {damaged}: sha256 ",
            &key("a")[..12]
        ))
        .prints("entry.json: not a valid list of files")
        .says("error: 2 of 3 results damaged")
        .says("hint: use `kmembuild cache verify --remove`");
    assert_eq!(place.left(), "abc");

    let held = place.results.hold(&key("a")).expect("a lock");
    let json = place.json(&["verify", "--remove"], 17);
    assert_eq!(json["passed"], false);
    assert_eq!(
        (
            &json["damaged"][0]["removed"],
            &json["damaged"][1]["removed"]
        ),
        (&false.into(), &true.into())
    );
    assert_eq!(place.left(), "ac");
    drop(held);
    place
        .cache(&["verify", "--remove"])
        .code(17)
        .prints("; removed\n");
    assert_eq!(place.left(), "c");
    place
        .cache(&["verify"])
        .code(0)
        .prints("1 result, all intact");
}

#[test]
fn the_longest_unused_are_pruned_and_what_that_gave_is_said() {
    let place = Place::new();
    place
        .cache(&["prune"])
        .code(0)
        .prints("nothing to remove\n");
    let would = place
        .cache(&["prune", "--size", "2MiB", "--dry-run"])
        .code(0);
    would
        .prints("would remove result runc v1.0.3 aaaaaaaaaaaa (1.0 MiB)\n")
        .prints("would remove result kubelet")
        .prints("\nwould remove 2 results, 2.0 MiB\nnext: kmembuild cache prune --size 2MiB ");
    assert_eq!(place.left(), "abc");
    // With their lists, two of them are more than two MiB.
    let pruned = place.json(&["prune", "--size", "2100KiB"], 0);
    assert_eq!(pruned["removed"][0]["name"], key("a").as_str());
    assert_eq!(pruned["removed"].as_array().map(Vec::len), Some(1));
    assert_eq!(pruned["room"], pruned["removed"][0]["size"]);
    assert_eq!(place.left(), "bc");
    place
        .cache(&["prune", "--unused", "36h"])
        .code(0)
        .prints("removed 1 result, 1.0 MiB\n");
    assert_eq!(place.left(), "c");

    let place = Place::new();
    place
        .workplace
        .write("config/config.yaml", "format: 1\ncache-size: 1500KiB\n");
    fs::hard_link(
        place.folder("b").join("runc"),
        place.workplace.path().join("published"),
    )
    .expect("a second name");
    place
        .cache(&["prune"])
        .code(0)
        .prints("removed 2 results, 2.0 MiB (this frees 1.0 MiB, because the rest is also published elsewhere)\n");
    assert_eq!(place.left(), "c");
    for (words, said) in [
        (["prune", "--size", "much"], "\"much\" is not a size"),
        (["prune", "--unused", "long"], "\"long\" is not a time"),
        (
            ["list", "--format", "yaml"],
            "[possible values: text, json]",
        ),
    ] {
        place.cache(&words).code(2).says(said);
    }
}

#[test]
fn what_a_live_run_works_with_is_kept_and_one_recipe_can_be_chosen() {
    let place = Place::new();
    let held = place.results.hold(&key("a")).expect("a lock");
    let words = ["prune", "--size", "0", "--recipe", "runc"];
    let dry = place.cache(&[&words[..], &["--dry-run"]].concat()).code(0);
    dry.prints("kept result runc v1.0.3 aaaaaaaaaaaa (1.0 MiB): a running build uses it\n");
    place
        .cache(&words)
        .code(0)
        .prints("removed result runc v1.0.1 cccccccccccc")
        .prints("\nremoved 1 result, 1.0 MiB; 1 in use\n")
        .prints("kept result runc v1.0.3 aaaaaaaaaaaa (1.0 MiB): a running build uses it\n");
    assert_eq!(place.left(), "ab");
    drop(held);
    let quiet = place.cache(&[&words[..], &["-q"]].concat()).code(0);
    assert_eq!(
        (place.left(), quiet.stdout),
        ("b".to_owned(), String::new())
    );
}

#[test]
fn an_engine_that_does_not_answer_fails_what_was_asked_of_it_after_the_results() {
    let place = Place::new();
    // The old word for --caches.
    let pruned = place.cache(&["prune", "--size", "0", "--volumes"]).code(12);
    pruned
        .prints("removed 3 results, 3.0 MiB\n")
        .says("error: no container engine answers at unix:///nowhere/docker.sock");
    assert_eq!(place.left(), "");
}
