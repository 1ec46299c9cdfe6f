//! The examples of a namespace for the tool, judged by the API server itself.

use std::path::Path;

use crate::support::cluster::cluster;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/kubernetes");

fn file(name: &str) -> String {
    Path::new(FOLDER).join(name).display().to_string()
}

#[test]
fn the_api_server_accepts_the_examples_and_they_give_no_more_than_is_said() {
    let cluster = cluster();
    let kubectl = &cluster.kubectl;
    kubectl.run(&["apply", "--filename", &file("namespace.yaml")]);
    for entry in std::fs::read_dir(FOLDER).expect("the examples") {
        let path = entry.expect("an example").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let path = path.display().to_string();
            let answer = kubectl.try_run(&["apply", "--dry-run=server", "--filename", &path]);
            let said = String::from_utf8_lossy(&answer.stderr);
            assert!(answer.status.success() && said.is_empty(), "{path}: {said}");
        }
    }
    kubectl.run(&["apply", "--filename", &file("rbac.yaml")]);
    let role = kubectl.get(&["role", "kmembuild-client", "--namespace=kmembuild"]);
    let mut granted = Vec::new();
    for rule in role["rules"].as_array().expect("rules") {
        for verb in rule["verbs"].as_array().expect("verbs") {
            let (verb, what) = (verb.as_str(), rule["resources"][0].as_str());
            granted.push(format!("{} {}", verb.expect("text"), what.expect("text")));
        }
    }
    granted.sort();
    // Exactly what a release asks for, and what doctor reads of quotas.
    let needed = [
        "create jobs",
        "delete jobs",
        "get jobs",
        "list events",
        "list jobs",
        "list pods",
        "list resourcequotas",
        "watch jobs",
        "watch pods",
    ];
    assert_eq!(granted, needed);
    let may = |account: &str, verb: &str, what: &str| {
        let user = format!("--as=system:serviceaccount:kmembuild:{account}");
        let answer =
            kubectl.try_run(&["auth", "can-i", verb, what, "--namespace=kmembuild", &user]);
        answer.status.success()
    };
    for (verb, what) in [
        ("create", "jobs.batch"),
        ("delete", "jobs.batch"),
        ("watch", "jobs.batch"),
        ("watch", "pods"),
        ("list", "events"),
    ] {
        assert!(may("kmembuild-client", verb, what), "{verb} {what}");
        assert!(!may("kmembuild-build", verb, what), "{verb} {what}");
    }
    for (verb, what) in [
        ("create", "pods"),
        ("create", "pods/exec"),
        ("get", "secrets"),
        ("list", "secrets"),
        ("patch", "jobs.batch"),
        ("create", "roles"),
    ] {
        assert!(!may("kmembuild-client", verb, what), "{verb} {what}");
    }
    kubectl.run(&["delete", "namespace", "kmembuild", "--timeout=180s"]);
}
