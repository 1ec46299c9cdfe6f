//! Sources for which git's configuration has another place: what served is recorded, not what was asked for.

use std::fs;

use super::place::Place;
use crate::support::git_server::GitServer;

/// Builds v1.0.0 from `source` with this configuration of git, and returns what the manifest has as its URL.
fn served(place: &Place, configuration: &str, source: &str) -> String {
    place.workplace.write("home/.gitconfig", configuration);
    let _ = fs::remove_dir_all(place.workplace.path().join("cache"));
    let words = ["tool", "--tag", "v1.0.0", "--source", source];
    let built = place.run(&words).code(0);
    let text = fs::read_to_string(place.result().join("manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("a document");
    let url = manifest["source"]["git"]["url"]
        .as_str()
        .expect("a URL")
        .to_owned();
    built.says(&format!(
        "{source} was taken from {url}, as insteadOf in git's configuration says"
    ));
    for name in ["manifest.json", "provenance.json", "build.log"] {
        let text = fs::read_to_string(place.result().join(name)).expect("a file");
        // The note in the log names both.
        assert!(
            name == "build.log" || !text.contains(source),
            "{name}: {text}"
        );
        assert!(!text.contains("secret"), "{name}: {text}");
    }
    url
}

#[test]
fn the_longest_beginning_counts_once_and_only_for_fetching() {
    let place = Place::new();
    let server = GitServer::start(place.workplace.path());
    let url = server.url("upstream/.git");
    let configuration = format!(
        "[url \"http://short.invalid/\"]\n\tinsteadOf = https://up\n\
         [url \"{base}\"]\n\tinsteadOf = https://nothing.invalid/\n\tinsteadOf = https://upstream.invalid/\n\
         [url \"http://push.invalid/\"]\n\tpushInsteadOf = https://upstream.invalid/.git\n\
         [url \"http://twice.invalid/\"]\n\tinsteadOf = {base}\n",
        base = server.url("upstream/")
    );
    assert_eq!(
        served(&place, &configuration, "https://upstream.invalid/.git"),
        url
    );
    // Where it is a path that something else is put in the place of.
    let configuration = format!(
        "[url \"{}\"]\n\tinsteadOf = /nowhere/\n",
        server.url("upstream/")
    );
    assert_eq!(served(&place, &configuration, "/nowhere/.git"), url);
}

#[test]
fn a_password_in_git_s_configuration_is_not_recorded() {
    let place = Place::new();
    let server = GitServer::start(place.workplace.path());
    let with_password = server
        .url("upstream/")
        .replace("http://", "http://me:secret@");
    let configuration =
        format!("[url \"{with_password}\"]\n\tinsteadOf = https://upstream.invalid/\n");
    let url = served(&place, &configuration, "https://upstream.invalid/.git");
    assert_eq!(url, server.url("upstream/.git"));
}

#[test]
fn a_directory_can_stand_for_a_server() {
    let place = Place::new();
    let folder = place.workplace.path().join("upstream");
    let folder = folder.to_str().expect("a path");
    for replacement in [folder.to_owned(), format!("file://{folder}")] {
        let configuration =
            format!("[url \"{replacement}\"]\n\tinsteadOf = https://upstream.invalid/tool\n");
        let url = served(&place, &configuration, "https://upstream.invalid/tool");
        assert_eq!(url, replacement);
    }
}

#[test]
fn a_place_that_fails_is_named_as_what_was_asked() {
    let place = Place::new();
    let server = GitServer::not_found();
    let configuration = format!(
        "[url \"{}\"]\n\tinsteadOf = https://upstream.invalid/\n",
        server.url("")
    );
    place.workplace.write("home/.gitconfig", &configuration);
    let words = [
        "tool",
        "--tag",
        "v1.0.0",
        "--source",
        "https://upstream.invalid/.git",
    ];
    place.run(&words).code(13).says(&server.url(".git"));
    assert!(!server.requests().is_empty());
}
