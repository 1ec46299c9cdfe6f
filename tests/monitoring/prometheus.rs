//! Rules, their tests and the dashboard, by promtool.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{example, run};

fn promtool(words: &[&str], code: i32) -> (String, String) {
    run(Command::new("promtool").args(words), code)
}

/// The code that makes the metrics.
const MADE: [(&str, &str); 3] = [
    (
        "kmembuild_kmem_",
        include_str!("../../src/report/kmem_metrics.rs"),
    ),
    (
        "kmembuild_kmem_",
        include_str!("../../src/report/watch/metrics.rs"),
    ),
    (
        "kmembuild_node_",
        include_str!("../../src/report/node_metrics.rs"),
    ),
];

/// The names of metrics in a text that are none of the tool's.
fn unknown(text: &str) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = text.split(|c| !is_name(c));
    let names: BTreeSet<_> = words
        .filter(|word| word.starts_with("kmembuild_"))
        .collect();
    let is_made = |name: &&str| {
        MADE.iter().any(|(namespace, code)| {
            let name = name.strip_prefix(namespace);
            name.is_some_and(|name| code.contains(&format!("\"{name}\"")))
        })
    };
    let unknown = names.into_iter().filter(|name| !is_made(name));
    unknown.map(str::to_owned).collect()
}

#[test]
fn the_rules_are_rules_and_pass_their_tests() {
    let rules = example("prometheus-rules.yml").display().to_string();
    let tests = example("prometheus-rules-test.yml").display().to_string();
    let (found, _) = promtool(&["check", "rules", &rules], 0);
    assert!(found.contains("7 rules found"), "{found}");
    promtool(&["test", "rules", &tests], 0);
    let text = fs::read_to_string(&rules).expect("the rules");
    assert_eq!(unknown(&text), Vec::<String>::new());
    assert_eq!(
        unknown("kmembuild_kmem_no_such > 1"),
        ["kmembuild_kmem_no_such"]
    );

    // Every alert has a test that it fires in.
    let tested = fs::read_to_string(&tests).expect("the tests");
    for line in text.lines() {
        if let Some(alert) = line.trim().strip_prefix("- alert: ") {
            let fires = format!("alertname: {alert}\n        exp_alerts:\n");
            assert!(tested.contains(&fires), "{alert}");
        }
    }
    // A rule that tells of something else does not pass.
    let folder = tempfile::tempdir().expect("a folder");
    for (old, new) in [
        ("state=\"leaks\"", "state=\"cured\""),
        ("for: 1d", "for: 1h"),
        ("> 0.9", "> 0.95"),
        ("> 3 * 3600", "> 30 * 3600"),
        ("< 7 * 86400", "< 1 * 86400"),
        ("[6h]", "[5m]"),
    ] {
        assert!(text.contains(old), "{old}");
        let changed = folder.path().join("prometheus-rules.yml");
        fs::write(changed, text.replace(old, new)).expect("written");
        let copy = folder.path().join("test.yml");
        fs::write(&copy, &tested).expect("written");
        promtool(&["test", "rules", &copy.display().to_string()], 1);
    }
}

#[test]
fn every_expression_of_the_dashboard_is_one_and_has_metrics_of_the_tool() {
    let text = fs::read_to_string(example("grafana-dashboard.json")).expect("the dashboard");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut ids = BTreeSet::new();
    let mut expressions = Vec::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().expect("an id")));
        let place = &panel["gridPos"];
        let end = place["x"].as_u64().expect("a place") + place["w"].as_u64().expect("a width");
        assert!(end <= 24, "{panel}");
        for target in panel["targets"].as_array().expect("targets") {
            assert_eq!(target["datasource"]["uid"], "${datasource}");
            expressions.push(target["expr"].as_str().expect("an expression").to_owned());
        }
    }
    assert!(expressions.len() > panels.len());
    let variables = dashboard["templating"]["list"]
        .as_array()
        .expect("variables");
    let names: Vec<_> = variables.iter().map(|variable| &variable["name"]).collect();
    assert_eq!(names, ["datasource", "instance"]);
    assert_eq!(unknown(&text), Vec::<String>::new());

    let folder = tempfile::tempdir().expect("a folder");
    let check = |expressions: &[String], code| {
        let rules: String = expressions
            .iter()
            .enumerate()
            .map(|(number, expression)| {
                let expression = serde_json::to_string(&expression.replace("$instance", ".*"));
                let expression = expression.expect("text");
                format!("  - {{record: \"panel:{number}\", expr: {expression}}}\n")
            })
            .collect();
        let file = folder.path().join("expressions.yml");
        fs::write(
            &file,
            format!("groups:\n- name: dashboard\n  rules:\n{rules}"),
        )
        .expect("written");
        promtool(&["check", "rules", &path(&file)], code)
    };
    let (found, _) = check(&expressions, 0);
    assert!(
        found.contains(&format!("{} rules found", expressions.len())),
        "{found}"
    );
    check(&["sum by (state) (kmembuild_node_state".to_owned()], 1);
}

fn path(path: &Path) -> String {
    path.display().to_string()
}
