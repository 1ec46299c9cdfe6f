//! Documents of nodes that nobody can rely on.

use std::fs;
use std::process::Command;

use kmembuild::fleet::{Documents, MemberState};
use serde_json::{Value, json};

use crate::support::command::Workplace;

/// A document of a node.
pub fn document(host: &str, state: &str, time: &str) -> Value {
    json!({
        "format": 1,
        "document": "node",
        "host": host,
        "time": time,
        "tool": "0.1.0",
        "state": state,
        "why": ["for this reason"],
        "kernel": {"release": "3.10.0-1160.el7.x86_64", "leaks": "yes"},
        "programs": [
            {"kind": "runc", "path": "/usr/bin/runc", "version": "runc version 1.0.0-rc8", "accounting": "on"},
            {"kind": "runc", "path": "/opt/bin/runc", "version": "runc version 1.1.15", "accounting": "off"},
            {"kind": "kubelet", "path": "/usr/bin/kubelet", "version": "Kubernetes v1.15.5", "accounting": "off"}
        ],
        "accounting": {"verdict": "on", "on": 6, "text": "ON in 6 cgroups"},
        "memory-cgroups": {"used": 2310, "limit": 65535, "leaked-counted": true, "full-at": null}
    })
}

const TIME: &str = "2020-03-01T10:00:00Z";

fn read(text: &[u8]) -> Documents {
    let mut documents = Documents::default();
    documents.add_stream("stream", text);
    documents
}

fn reasons(documents: &Documents) -> Vec<String> {
    let unreadable = documents.unreadable.iter();
    unreadable
        .map(|one| format!("{}: {}", one.place, one.reason))
        .collect()
}

#[test]
fn documents_on_one_line_or_many_are_read_and_a_damaged_one_hides_no_other() {
    let one = document("node1", "leaks", TIME).to_string();
    let two = serde_json::to_string_pretty(&document("node2", "cured", TIME)).expect("text");
    let cut = &two[..two.len() / 2];
    let text = format!(
        "{one}\n{two}\n{cut}\n{}\n\nnonsense\n{{\n{two}\n",
        one.replace("node1", "node3")
    );
    let documents = read(text.as_bytes());
    let hosts: Vec<_> = documents
        .members
        .iter()
        .map(|node| node.host.as_str())
        .collect();
    assert_eq!(hosts, ["node1", "node2", "node3"]);
    let reasons = reasons(&documents);
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert!(reasons[0].starts_with("stream:"), "{reasons:?}");
    assert!(
        reasons[1].contains("something else behind the document"),
        "{reasons:?}"
    );
    assert!(
        reasons[2].starts_with("stream:75: EOF while parsing"),
        "{reasons:?}"
    );
    assert_eq!(documents.duplicates.len(), 1);
}

#[test]
fn the_fields_that_are_shown_are_those_of_the_worst_program() {
    let documents = read(document("node1", "leaks", TIME).to_string().as_bytes());
    let node = &documents.members[0];
    assert_eq!(node.state, MemberState::Leaks);
    let runc = node.runc.as_ref().expect("a runc");
    assert_eq!(runc.version.as_deref(), Some("1.0.0-rc8"));
    let kubelet = node.kubelet.as_ref().expect("a kubelet");
    assert_eq!(kubelet.version.as_deref(), Some("v1.15.5"));
}

#[test]
fn what_is_no_document_of_a_node_is_named_with_the_reason() {
    let good = document("node1", "leaks", TIME);
    let with = |field: &str, value: Value| {
        let mut changed = good.clone();
        changed[field] = value;
        changed.to_string()
    };
    let without = |field: &str| {
        let mut changed = good.clone();
        changed.as_object_mut().expect("an object").remove(field);
        changed.to_string()
    };
    let deep = format!(
        "{{\"format\":1,\"document\":\"node\",\"x\":{}",
        "[".repeat(100_000)
    );
    for (text, reason) in [
        (String::new(), "stream: it is empty"),
        (" \n\n".to_owned(), "stream: it is empty"),
        ("[]\n".to_owned(), "stream:1: "),
        (
            "{}".to_owned(),
            "stream:1: it is not a document of `kmembuild node --format json`",
        ),
        (with("document", json!("verify")), "it is not a document of"),
        (
            with("format", json!(2)),
            "stream:1: it has format 2, but this version of kmembuild reads format 1",
        ),
        (with("format", json!(-1)), "stream:1: invalid value"),
        (without("format"), "it has no format"),
        (without("kernel"), "missing field `kernel`"),
        (with("state", json!("fine")), "unknown variant `fine`"),
        (with("state", json!("\u{1b}[2J")), "unknown variant"),
        (with("time", json!("yesterday")), "stream:1: "),
        (with("host", json!("")), "\"\" is not the name of a host"),
        (
            with("host", json!("-oX")),
            "\"-oX\" is not the name of a host",
        ),
        (
            with("host", json!("a\nb")),
            "\"ab\" is not the name of a host",
        ),
        (
            with("host", json!("\u{1b}[31mnode")),
            "is not the name of a host",
        ),
        (
            with("host", json!("h".repeat(300))),
            "is not the name of a host",
        ),
        (deep, "EOF while parsing a list"),
        ("\u{0}\u{0}\u{0}".to_owned(), "stream:1: "),
    ] {
        let documents = read(text.as_bytes());
        assert!(documents.members.is_empty(), "{reason}: {documents:?}");
        let reasons = reasons(&documents);
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        assert!(reasons[0].contains(reason), "{reason}: {reasons:?}");
        assert!(reasons[0].len() < 1500, "{}", reasons[0].len());
    }
    let not_text = read(b"{\"format\":1,\"document\":\"node\",\"host\":\"\xff\"}\n");
    assert_eq!(reasons(&not_text).len(), 1);
}

#[test]
fn what_is_too_large_is_passed_over() {
    let good = document("node1", "cured", TIME).to_string();
    let large = good.replace("for this reason", &"x".repeat(2 << 20));
    let documents = read(format!("{large}\n{good}\n{}", "y".repeat(3 << 20)).as_bytes());
    assert_eq!(documents.members.len(), 1);
    let found = reasons(&documents);
    assert!(
        found[0].starts_with("stream:1: it has more than 1.0 MiB"),
        "{found:?}"
    );
    // Long texts are cut, also those of which there are many.
    let long = good.replace("for this reason", &"z".repeat(500_000));
    let documents = read(long.as_bytes());
    assert_eq!(documents.members[0].why.len(), 300);
}

#[test]
fn so_many_that_nobody_has_them_are_not_read() {
    let documents = read("{}\n".repeat(60_000).as_bytes());
    assert_eq!(documents.unreadable.len(), 50_001);
    let last = documents.unreadable.last().expect("a reason");
    assert_eq!(last.place, "stream:50001");
    assert_eq!(last.reason, "there are more than 50000 documents");
}

#[test]
fn of_two_documents_of_one_host_the_newer_counts() {
    let old = document("node1", "leaks", "2020-03-01T10:00:00Z");
    let new = document("node1", "cured", "2020-03-02T10:00:00Z");
    for text in [format!("{old}\n{new}\n"), format!("{new}\n{old}\n")] {
        let documents = read(text.as_bytes());
        assert_eq!(documents.members.len(), 1);
        assert_eq!(documents.members[0].state, MemberState::Cured);
        assert_eq!(documents.duplicates[0].host, "node1");
        assert_ne!(documents.duplicates[0].taken, documents.duplicates[0].left);
    }
}

#[test]
fn files_and_directories_are_read_and_what_is_no_file_is_named() {
    let workplace = Workplace::new();
    for (name, text) in [
        (
            "nodes/one.json",
            document("node1", "cured", TIME).to_string(),
        ),
        ("nodes/two", document("node2", "cured", TIME).to_string()),
        ("nodes/three.json", "{".to_owned()),
        ("nodes/.hidden", "{".to_owned()),
        ("nodes/empty.json", String::new()),
        ("nodes/below/four.json", "{".to_owned()),
    ] {
        workplace.write(name, &text);
    }
    let pipe = workplace.path().join("nodes/pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .expect("mkfifo")
            .success()
    );
    let finished = workplace.run(&["fleet", "nodes", "nowhere.json"]).code(4);
    let finished = finished
        .prints("not read: nodes/below: ")
        .prints("not read: nodes/empty.json: it is empty\n")
        .prints("not read: nodes/pipe: it is not a regular file\n")
        .prints("not read: nodes/three.json:1: EOF")
        .prints("not read: nowhere.json: No such file")
        .prints("\n2 nodes: 2 cured; 5 documents could not be read\n")
        .says("error: could not read 5 documents");
    assert!(!finished.stdout.contains("hidden"), "{}", finished.stdout);
    fs::remove_dir_all(workplace.path().join("nodes")).expect("removed");
}

#[test]
fn a_hostile_text_reaches_no_terminal() {
    let mut hostile = document("node1", "leaks", TIME);
    hostile["kernel"]["release"] = json!("3.10\u{1b}[2J\u{202e}\n::error::x");
    hostile["programs"][0]["version"] = json!("1.0\u{7}##[x]");
    hostile["tool"] = json!("\u{1b}");
    let workplace = Workplace::new();
    let text = hostile.to_string();
    let shown = workplace
        .run_with_input(&["fleet", "-"], &text)
        .code(3)
        .stdout;
    let program = workplace
        .run_with_input(&["fleet", "-", "--format", "json"], &text)
        .code(3)
        .stdout;
    for text in [&shown, &program] {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
        assert!(!text.contains("\n::") && !text.contains("##["), "{text:?}");
    }
    // Its lines are its own.
    assert_eq!(shown.lines().count(), 4, "{shown}");
    let mut hostile = document("node1", "leaks", TIME);
    hostile["memory-cgroups"] = json!({"used": u64::MAX, "limit": 0, "leaked-counted": true, "full-at": "-009999-01-02T01:59:59Z"});
    let text = hostile.to_string();
    workplace
        .run_with_input(&["fleet", "-"], &text)
        .code(3)
        .prints("full by now");
}
