//! The table, its totals and its exit code.

use kmembuild::fleet::{Documents, Fleet};
use kmembuild::report::{fleet_text, fleet_verdict};
use serde_json::{Value, json};

use super::documents::document;
use crate::support::command::Workplace;
use crate::support::golden::assert_golden;

const TIME: &str = "2020-03-01T10:00:00Z";

/// A node with so many memory cgroups, full at that time.
fn node(number: usize, state: &str, used: Value, full_at: Value) -> String {
    let mut node = document(&format!("node{number}"), state, TIME);
    node["memory-cgroups"]["used"] = used;
    node["memory-cgroups"]["full-at"] = full_at;
    match state {
        "leaks" => {}
        "not-affected" => {
            node["kernel"] = json!({"release": "5.4.278-1.el7.elrepo.x86_64", "leaks": "no"});
            node["programs"] = json!([]);
        }
        _ => node["programs"][0]["accounting"] = json!("off"),
    }
    format!("{node}\n")
}

/// A hundred nodes.
fn hundred() -> String {
    let mut text = String::new();
    for number in 1..=100 {
        text += &match number {
            17 => node(
                number,
                "leaks",
                json!(60_000),
                json!("2020-03-01T13:00:00Z"),
            ),
            20 => node(number, "leaks", json!(9_000), json!("2020-03-20T10:00:00Z")),
            1..=12 => node(number, "leaks", json!(number * 1000), Value::Null),
            13..=18 => node(number, "reboot-needed", json!(2_000), Value::Null),
            19 => node(number, "unknown", Value::Null, Value::Null),
            98..=100 => node(number, "not-affected", json!(40), Value::Null),
            _ => node(number, "cured", json!(200), Value::Null),
        };
    }
    text
}

#[test]
fn a_hundred_nodes_are_told_in_order_and_summed_up() {
    let mut documents = Documents::default();
    documents.add_stream("nodes.jsonl", hundred().as_bytes());
    documents.add_stream(
        "old.jsonl",
        node(3, "cured", json!(1), Value::Null)
            .replace("10:00:00", "09:00:00")
            .as_bytes(),
    );
    documents.add_stream(
        "bad.json",
        &b"{\"format\": 9, \"document\": \"node\"}\n"[..],
    );
    let fleet = Fleet::of(documents);
    let now = TIME.parse().expect("a time");
    let verdict = fleet_verdict(&fleet, now).to_string();
    assert_eq!(
        verdict,
        "100 nodes: 14 leak, 5 need a reboot, 1 unknown, 77 cured, 3 not affected; 1 document could not be read; the first is full in 3 hours: node17"
    );
    let text = fleet_text(&fleet, now, false, 120).to_string();
    assert_golden("fleet", "hundred", &format!("{text}{verdict}\n"));
}

#[test]
fn the_exit_code_is_that_of_the_worst_node() {
    let workplace = Workplace::new();
    let run = |text: &str| workplace.run_with_input(&["fleet", "-"], text);
    let [leaks, reboot, unknown, cured, other] =
        ["leaks", "reboot-needed", "unknown", "cured", "not-affected"].map(|state| {
            // The fourth letters differ.
            let number = usize::from(state.as_bytes()[3]);
            node(number, state, json!(100), Value::Null)
        });
    run(&format!("{cured}{unknown}{leaks}{reboot}"))
        .code(3)
        .says("error: 1 of 4 nodes leaks memory cgroups");
    run(&format!("{cured}{unknown}{reboot}"))
        .code(6)
        .says("error: 1 of 3 nodes needs a reboot");
    run(&format!("{cured}{unknown}"))
        .code(4)
        .says("error: 1 of 2 nodes could not be judged");
    run(&format!("{cured}{other}"))
        .code(0)
        .prints("\n2 nodes: 1 cured, 1 not affected\n");
    run(&format!("{cured}{{\n"))
        .code(4)
        .says("error: could not read standard input:2");
    run("")
        .code(4)
        .says("error: could not read standard input: it is empty");
    let full = node(1, "cured", json!(60_000), Value::Null);
    run(&full)
        .code(1)
        .says("error: nearly all memory cgroups of node1 are used");
    workplace.run(&["fleet"]).code(2).says("required arguments");
    let quiet = workplace
        .run_with_input(&["fleet", "-", "-q"], &cured)
        .code(0);
    assert_eq!(quiet.stdout, "");
}

#[test]
fn programs_get_the_same_in_one_document() {
    let workplace = Workplace::new();
    let finished = workplace
        .run_with_input(&["fleet", "-", "--format", "json"], &hundred())
        .code(3);
    let document: Value = serde_json::from_str(&finished.stdout).expect("one document");
    assert_eq!(document["format"], 1);
    assert_eq!(document["totals"]["leaks"], 14);
    assert_eq!(document["totals"]["reboot-needed"], 5);
    assert_eq!(document["first-full"]["host"], "node17");
    assert_eq!(document["nodes"][0]["host"], "node17");
    assert_eq!(document["nodes"][0]["runc"]["version"], "1.0.0-rc8");
    assert_eq!(document["nodes"].as_array().expect("nodes").len(), 100);
    assert!(
        document["verdict"]
            .as_str()
            .expect("a text")
            .starts_with("100 nodes: 14 leak")
    );
}

#[test]
fn what_a_node_prints_is_read_here() {
    let workplace = Workplace::new();
    let node = workplace.run(&["node", "--format", "json"]);
    let fleet = workplace.run_with_input(&["fleet", "-"], &node.stdout);
    assert_eq!(fleet.code, node.code, "{}", fleet.stdout);
    assert!(fleet.stdout.contains("\n1 node: 1 "), "{}", fleet.stdout);
}
