//! What stays in the cache of results, what goes, and what is damaged.

use kmembuild::artifacts::cache::{ENTRY_FORMAT, Entry, Limits, Pruned, Results};
use kmembuild::checksum::sha256_hex;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// The key that begins with a letter.
fn key(letter: &str) -> String {
    letter.repeat(64)
}

fn entry(key: &str) -> Entry {
    Entry {
        format: ENTRY_FORMAT,
        key: key.to_owned(),
        recipe: if *key == self::key("c") {
            "kubelet"
        } else {
            "runc"
        }
        .to_owned(),
        version: "v1.0.0-rc10".to_owned(),
        platform: "linux-amd64".to_owned(),
        files: Vec::new(),
        mac: String::new(),
    }
}

/// A cache with the entries a, b and c of 1000 bytes and their lists, last used three, two and one hours ago.
fn three(root: &Path) -> (Results, SystemTime) {
    let results = Results::new(
        root.join("results"),
        root.join("locks"),
        root.join("secret"),
    );
    let now = SystemTime::now();
    let made = root.join("made");
    fs::create_dir(&made).expect("a folder");
    for (hours, letter) in [(3, "a"), (2, "b"), (1, "c")] {
        fs::write(made.join("runc"), vec![7; 1000]).expect("a result");
        let (key, names) = (key(letter), ["runc".to_owned()]);
        results
            .store(entry(&key), &made, &names, "1")
            .expect("stored");
        fs::remove_file(made.join("runc")).expect("removed");
        let list = File::options()
            .append(true)
            .open(results.entry_folder(&key).join("entry.json"))
            .expect("a list");
        list.set_modified(now - Duration::from_hours(hours))
            .expect("a time");
    }
    (results, now)
}

/// Letters of the keys.
fn letters(results: &Results) -> String {
    let listed = results.list().expect("listed").entries;
    listed.iter().map(|entry| &entry.key[..1]).collect()
}

fn removed(pruned: &Pruned) -> String {
    let removed = pruned.removed.iter();
    removed.map(|entry| &entry.key[..1]).collect()
}

fn of_size(size: u64) -> Limits<'static> {
    Limits {
        size: Some(size),
        ..Limits::default()
    }
}

#[test]
fn the_longest_unused_go_first() {
    let root = tempfile::tempdir().expect("a folder");
    let (results, now) = three(root.path());
    results.note_use(&key("a"));
    let one = results.list().expect("listed").entries[0].size;
    let would = results
        .would_prune(of_size(one * 2 + 100), now)
        .expect("listed");
    assert_eq!(
        (removed(&would), letters(&results)),
        ("b".into(), "bca".into())
    );
    let pruned = results.prune(of_size(one * 2 + 100), now).expect("pruned");
    assert_eq!(
        (removed(&pruned), letters(&results)),
        ("b".into(), "ca".into())
    );
    let limits = Limits {
        unused: Some(Duration::from_mins(30)),
        ..Limits::default()
    };
    results.prune(limits, now).expect("pruned");
    assert_eq!(letters(&results), "a");
}

#[test]
fn what_a_run_works_with_stays_and_the_next_goes() {
    let root = tempfile::tempdir().expect("a folder");
    let (results, now) = three(root.path());
    let one = results.list().expect("listed").entries[0].size;
    let held = results.hold(&key("a")).expect("a lock");
    let pruned = results.prune(of_size(one * 2 + 100), now).expect("pruned");
    assert_eq!(removed(&pruned), "b");
    assert_eq!(pruned.in_use[0].key, key("a"));
    drop(held);
    let held = results.hold(&key("a"));
    let limits = Limits {
        own: Some(&key("a")),
        ..of_size(one + 100)
    };
    assert_eq!(removed(&results.prune(limits, now).expect("pruned")), "a");
    drop(held);
    assert_eq!(
        removed(&results.prune(of_size(0), now).expect("pruned")),
        "c"
    );
}

#[test]
fn only_what_is_of_the_recipe_goes() {
    let root = tempfile::tempdir().expect("a folder");
    let (results, now) = three(root.path());
    let limits = Limits {
        recipe: Some("runc"),
        ..of_size(0)
    };
    assert_eq!(removed(&results.prune(limits, now).expect("pruned")), "ab");
    assert_eq!(letters(&results), "c");
}

#[test]
fn room_is_made_by_files_that_are_nowhere_else() {
    let root = tempfile::tempdir().expect("a folder");
    let (results, _) = three(root.path());
    let file = results.entry_folder(&key("a")).join("runc");
    fs::hard_link(&file, root.path().join("published")).expect("a second name");
    let listed = results.list().expect("listed").entries;
    assert_eq!(listed[0].size - listed[0].room, 1000);
    assert_eq!(listed[1].size, listed[1].room);
}

#[test]
fn what_is_none_of_the_tools_is_named_and_stays() {
    let root = tempfile::tempdir().expect("a folder");
    let (results, now) = three(root.path());
    let folder = root.path().join("results");
    fs::write(folder.join("notes.txt"), "mine").expect("written");
    fs::write(folder.join(key("d")), "no folder").expect("written");
    fs::create_dir(folder.join(".x.partial-1")).expect("made");
    fs::create_dir(folder.join("photos")).expect("made");
    fs::create_dir(folder.join(key("e"))).expect("made");
    let listing = results.list().expect("listed");
    let names: Vec<_> = listing
        .foreign
        .iter()
        .filter_map(|foreign| foreign.file.file_name()?.to_str())
        .collect();
    assert_eq!(names, [&key("d"), "notes.txt", "photos"]);
    let damaged = listing.entries.iter().find(|listed| listed.entry.is_err());
    assert_eq!(damaged.expect("one without a list").key, key("e"));
    results.prune(of_size(0), now).expect("pruned");
    assert_eq!(letters(&results), "");
    assert_eq!(results.list().expect("listed").foreign.len(), 3);
    assert!(folder.join("photos").exists());
}

#[test]
fn a_changed_file_is_named() {
    let root = tempfile::tempdir().expect("a folder");
    let (results, _) = three(root.path());
    let whole = results.look_up(&key("a")).expect("usable").expect("there");
    results.check(&whole).expect("whole");
    let file = results.entry_folder(&key("a")).join("runc");
    fs::write(&file, vec![8; 1000]).expect("written");
    let damage = results.check(&whole).expect_err("damaged");
    assert_eq!(damage.file, file);
    // One hole, which would take hours to read: its size says enough.
    let hole = fs::File::create(&file).expect("a file");
    hole.set_len(2 << 40).expect("a file with a hole");
    let damage = results.check(&whole).expect_err("damaged");
    assert!(damage.reason.contains("bytes instead of"), "{damage:?}");
    fs::write(results.entry_folder(&key("b")).join("entry.json"), "{").expect("written");
    results.look_up(&key("b")).expect_err("damaged");
}

#[test]
fn an_entry_that_describes_itself_anew_is_refused() {
    let root = tempfile::tempdir().expect("a folder");
    let (results, _) = three(root.path());
    let folder = results.entry_folder(&key("a"));
    let forge = |change: &dyn Fn(&mut serde_json::Value)| {
        let list = folder.join("entry.json");
        let whole = fs::read(&list).expect("a list");
        let mut forged = serde_json::from_slice(&whole).expect("JSON");
        change(&mut forged);
        fs::write(&list, forged.to_string()).expect("written");
        let refused = results.look_up(&key("a"));
        fs::write(&list, whole).expect("written");
        refused.expect_err("an entry that was changed").reason
    };
    // Another program, with its own digest in the list.
    fs::write(folder.join("runc"), vec![8; 1000]).expect("written");
    let sha256 = sha256_hex(&[8; 1000]);
    let refused = forge(&|list| list["files"][0]["sha256"] = sha256.clone().into());
    assert_eq!(refused, "it was not written by this cache");
    let refused = forge(&|list| list["version"] = "v1.0.0-rc93".into());
    assert_eq!(refused, "it was not written by this cache");
    let refused = forge(&|list| list["mac"] = "".into());
    assert_eq!(refused, "it was not written by this cache");
    // Modes and places that nothing is stored with.
    forge(&|list| list["files"][0]["mode"] = 0o4755.into());
    forge(&|list| list["files"][0]["name"] = "../runc".into());
    // What is as it was can be taken, and so can nothing that another cache has stored.
    results.look_up(&key("a")).expect("usable").expect("there");
    fs::remove_file(root.path().join("secret")).expect("removed");
    results.look_up(&key("a")).expect_err("another cache's");
}

#[test]
fn what_is_taken_shares_no_bytes_with_the_cache() {
    let root = tempfile::tempdir().expect("a folder");
    let (results, _) = three(root.path());
    let entry = results.look_up(&key("a")).expect("usable").expect("there");
    let taken = root.path().join("taken");
    fs::create_dir(&taken).expect("made");
    results.place(&entry, &taken).expect("placed");
    let mut program = File::options()
        .append(true)
        .open(taken.join("runc"))
        .expect("open");
    program.write_all(b"more").expect("written");
    results.check(&entry).expect("whole");
}
