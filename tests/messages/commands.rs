//! What commands themselves say when they fail: seen by running them. Those that an engine or a signal leads to are seen
//! in the tests of these commands.

use std::fs;

use super::Message;
use crate::support::command::{Finished, Workplace};
use crate::support::kernel_release::CENTOS_7;

/// Runs a command that must fail; what it writes to standard error, without what differs from machine to machine.
fn failing(place: &Workplace, words: &[&str]) -> Message {
    let finished = match words {
        // Whether a program turned accounting on can only be told on an old kernel.
        ["kmem", "status", ..] | ["node", ..] => place.run_on_kernel(CENTOS_7, words),
        _ => place.run(words),
    };
    shown(place, words, &finished)
}

fn shown(place: &Workplace, words: &[&str], finished: &Finished) -> Message {
    let code = finished.code.unwrap_or_default();
    assert_ne!(code, 0, "{words:?}");
    let folder = place.path().display().to_string();
    let text = finished.stderr.replace(&format!("{folder}/"), "");
    Message {
        room: "commands",
        name: format!("kmembuild {} (exit code {code})", words.join(" ")),
        text: text.replace(&folder, "."),
    }
}

/// A hierarchy with one cgroup of a container, whose accounting is on.
fn hierarchy(place: &Workplace) {
    for folder in [
        "on",
        "on/kubepods",
        "on/kubepods/pod1",
        "on/kubepods/pod1/2",
    ] {
        place.write(&format!("{folder}/cgroup.procs"), "");
        let slabs =
            "slabinfo - version: 2.1\nkmalloc-8 1 1 8 512 1 : tunables 0 0 0 : slabdata 1 1 0\n";
        place.write(&format!("{folder}/memory.kmem.slabinfo"), slabs);
    }
    place.write("none/cgroup.procs", "");
}

pub(super) fn messages() -> Vec<Message> {
    let place = Workplace::new();
    hierarchy(&place);
    place.write("file", "text");
    place.write("hosts", "node1\nnode 2\n");
    place.write("bad/index.json", "{}");
    let cache = place.path().join("cache/results").join("1".repeat(64));
    fs::create_dir_all(&cache).expect("a folder");
    fs::write(cache.join("entry.json"), "{").expect("written");
    let mut messages: Vec<_> = [
        &["recipes", "list", "--recipe-dir", "nowhere"][..],
        &["recipes", "list", "--recipe-dir", "file"],
        &["cache", "show", "2"],
        &["cache", "show", "1"],
        &["cache", "verify"],
        &["verify", "file"],
        &["verify", "file", "--key", "file"],
        &["verify", "bad", "--run"],
        &["doctor", "runc", "--only", "leak"],
        &["man", "file/man"],
        &["fleet", "nowhere.json"],
        &["fleet", "file"],
        &["fleet", "--ssh-hosts", "nowhere"],
        &["fleet", "--ssh-hosts", "hosts"],
        &["node", "--root", "nowhere"],
        &["node-script", "nowhere"],
        &["public-key", "nowhere.pem"],
        &["kmem", "exhaust", "--root", "on", "--count", "3"],
        &["kmem", "status", "--root", "on"],
        &["kmem", "status", "--root", "none"],
        &["kmem", "status", "--root", "nowhere"],
        &[
            "kmem",
            "status",
            "--root",
            "on",
            "--textfile",
            "file/kmem.prom",
        ],
        &[
            "kmem",
            "status",
            "--root",
            "on",
            "--textfile",
            "metrics.txt",
        ],
        &[
            "kmem", "watch", "--root", "on", "--count", "1", "--csv", "page", "--html", "page",
        ],
        &[
            "kmem",
            "watch",
            "--root",
            "on",
            "--count",
            "1",
            "--csv",
            "file/x.csv",
        ],
        &[
            "kmem",
            "watch",
            "--root",
            "on",
            "--count",
            "1",
            "--compare",
            "file",
        ],
        &["kmem", "report", "file", "--label", "a", "--label", "b"],
        &["kmem", "report", "file.csv", "--html", "file.html"],
        &["kmem", "report", "file"],
        &["release", "nowhere.yaml"],
        &["lock", "nowhere.yaml"],
        &["reproduce", "nowhere"],
    ]
    .into_iter()
    .map(|words| failing(&place, words))
    .collect();
    let mut full = place.command(&["recipes", "list"]);
    full.stdout(
        fs::File::options()
            .write(true)
            .open("/dev/full")
            .expect("a full disk"),
    );
    let finished = Finished::from(full.output().expect("the command starts"));
    messages.push(shown(&place, &["recipes", "list", ">/dev/full"], &finished));
    messages
}
