//! What the tool asks of the engine.

use std::io::Read as _;

use super::place::Place;

#[test]
fn the_container_has_no_network_no_privileges_and_nothing_of_the_host() {
    let place = Place::new();
    place.build(&["--memory", "2GiB", "--cpus", "1.5"]).code(0);
    let requests = place.engine.requests();
    let created: Vec<_> = requests
        .iter()
        .filter(|asked| asked.path == "/containers/create")
        .collect();
    let [created] = created.as_slice() else {
        panic!("{} containers", created.len());
    };
    let body = created.json();
    let host = &body["HostConfig"];
    assert_eq!(host["NetworkMode"], "none");
    assert!(host["Privileged"].is_null() || host["Privileged"] == false);
    assert!(host["Binds"].is_null(), "{host}");
    assert!(
        host["CapAdd"].is_null() && host["Devices"].is_null(),
        "{host}"
    );
    assert_eq!(host["Memory"], 2_u64 << 30);
    assert_eq!(host["MemorySwap"], 2_u64 << 30);
    assert_eq!(host["NanoCpus"], 1_500_000_000);
    let mounts = host["Mounts"].as_array().unwrap();
    assert_eq!(mounts.len(), 2, "{host}");
    for (mount, target) in mounts.iter().zip(["/cache", "/src"]) {
        assert_eq!(mount["Type"], "volume");
        assert_eq!(mount["Target"], target);
    }
    // The work folder's goes with the container, the cache's stays.
    assert!(mounts[0]["Source"].is_string() && mounts[1]["Source"].is_null());
    assert_eq!(body["Image"], format!("sha256:{}", "1".repeat(64)));
    assert_eq!(body["WorkingDir"], "/src");
    let labels = &body["Labels"];
    assert_eq!(labels["io.kmembuild.recipe"], "tool");
    let run = labels["io.kmembuild.run"].as_str().unwrap();
    assert_eq!(created.asks("name"), format!("kmembuild-tool-{run}"));
    // The build's ten minutes, and ten more for collecting; no time of the day, which a wrong clock would tell.
    assert_eq!(labels["io.kmembuild.lifetime"], "1200");
    assert!(labels["io.kmembuild.deadline"].is_null());
    assert!(labels["io.kmembuild.registered-in"].is_string());
    let volume = requests
        .iter()
        .find(|asked| asked.path == "/volumes/create")
        .expect("a volume");
    assert_eq!(volume.json()["Labels"]["io.kmembuild.run"], run);
    assert_eq!(volume.json()["Name"], mounts[0]["Source"]);
}

#[test]
fn the_source_is_sent_as_an_archive_of_the_tree() {
    let place = Place::new();
    place.build(&[]).code(0);
    let requests = place.engine.requests();
    let upload = requests
        .iter()
        .find(|asked| asked.method == "PUT")
        .expect("an upload");
    assert_eq!(upload.asks("path"), "/src");
    let mut archive = tar::Archive::new(upload.body.as_slice());
    let mut files = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let header = entry.header();
        assert_eq!(header.mtime().unwrap(), 1_500_000_000);
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        files.push((entry.path().unwrap().display().to_string(), text));
    }
    let expected = [("kmem.go", "package tool\n"), ("main.go", "package main\n")];
    assert_eq!(
        files,
        expected.map(|(name, text)| (name.to_owned(), text.to_owned()))
    );
}

#[test]
fn steps_are_run_as_planned_and_nothing_else_is_changed_on_the_engine() {
    let place = Place::new();
    place.build(&[]).code(0);
    let changing: Vec<_> = place
        .engine
        .requests()
        .iter()
        .filter(|asked| !matches!(asked.method.as_str(), "GET" | "HEAD"))
        .map(|asked| format!("{} {}", asked.method, asked.path))
        .filter(|asked| !asked.contains("exec"))
        .collect();
    let [volume, create, start, upload, delete] = changing.as_slice() else {
        panic!("{changing:?}");
    };
    assert_eq!(volume, "POST /volumes/create");
    assert_eq!(create, "POST /containers/create");
    assert!(start.ends_with("/start") && upload.starts_with("PUT "));
    assert!(delete.starts_with("DELETE /containers/"));
}
