//! Jobs that have nothing to do with the tool, which show that the cluster is one.

use serde_json::{Value, json};

use crate::support::cluster::Cluster;

/// Makes a Job of one pod, on a node where that is asked for, that runs a shell script in the busybox image.
pub fn create(cluster: &Cluster, name: &str, node: Option<&str>, script: &str) {
    create_of(cluster, name, node, &cluster.busybox_image(), script);
}

/// The same in another image.
pub fn create_of(cluster: &Cluster, name: &str, node: Option<&str>, image: &str, script: &str) {
    let selector = node.map(|node| json!({"kubernetes.io/hostname": node}));
    cluster.kubectl.create(&json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": {"spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "nodeSelector": selector,
            "containers": [{
                "name": "main",
                "image": image,
                "command": ["sh", "-c", script],
                // Those of a pod whose negative oom_score_adj and limits of its own must not keep it from starting.
                "resources": {"limits": {"cpu": "100m", "memory": "64Mi"}},
            }],
        }}},
    }));
}

/// The only pod of a Job, as the API server has it.
pub fn pod(cluster: &Cluster, job: &str) -> Value {
    let label = format!("--selector=job-name={job}");
    let pods = cluster.kubectl.get(&["pods", &label]);
    let items = pods["items"].as_array().expect("a list of pods");
    assert_eq!(items.len(), 1, "{items:#?}");
    items[0].clone()
}

/// Removes a Job and its pods, and waits until they are gone.
pub fn delete(cluster: &Cluster, name: &str) {
    let words = [
        "delete",
        "job",
        name,
        "--cascade=foreground",
        "--timeout=180s",
    ];
    cluster.kubectl.run(&words);
}
