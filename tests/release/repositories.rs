//! The repositories of a release.

use std::fs;

use super::place::ReleasePlace;
use super::published::openssl;
use crate::support::package_key::MadeKey;

const TWO: &str = "repositories: {url: \"https://packages.example.com/nodes\", yum: el7, apt: stable}\n\
    targets:\n  - recipe: {first}\n    versions: [v1.0.0-rc9, v1.0.0-rc10]\n    packages: [rpm, deb]\n    options: {source: [\"{url}\"], unpinned: true}\n";

fn place(name: &str) -> ReleasePlace {
    super::published::place(name)
}

#[test]
fn a_release_has_its_repositories_and_another_command_joins_them() {
    let place = place("repositories");
    place.write(TWO);
    let made = MadeKey::new("rsa2048", "sign");
    let key = made.secret().display().to_string();
    place.release(&["--package-key", &key]).code(0);
    let dist = place.build.place.path().join("dist");
    let index = place.index();
    let repositories = index["repositories"].as_array().expect("repositories");
    let folders: Vec<_> = repositories.iter().map(|of| &of["folder"]).collect();
    assert_eq!(folders, ["repositories/yum/el7", "repositories/apt"]);
    let page = fs::read_to_string(dist.join("index.html")).expect("a page");
    for repository in repositories {
        assert_eq!(
            (&repository["packages"], &repository["key"]),
            (&2.into(), &made.fingerprint().into())
        );
        // One a line, to be copied as they are.
        let commands = repository["commands"].as_array().expect("commands");
        let commands: Vec<_> = commands.iter().filter_map(|of| of.as_str()).collect();
        let text = commands.join("\n").replace('>', "&gt;");
        let text = text.replace('"', "&quot;").replace('\'', "&#39;");
        assert!(page.contains(&format!("<pre>{text}</pre>")), "{text}");
    }
    let settings = fs::read_to_string(dist.join("repositories/yum/el7/kmembuild.repo"));
    let base = "\nbaseurl=https://packages.example.com/nodes/yum/el7\n";
    assert!(settings.expect("settings").contains(base));
    place.build.place.run(&["verify", "dist"]).code(0);
    let sums = fs::read_to_string(dist.join("SHA256SUMS")).expect("sums");
    for file in ["yum/el7/repodata/repomd.xml", "apt/dists/stable/InRelease"] {
        assert!(sums.contains(&format!("  repositories/{file}\n")), "{file}");
    }

    // A second run leaves all of it, and a release without the older version keeps its package.
    place.release(&["--package-key", &key]).code(0);
    assert_eq!(
        fs::read_to_string(dist.join("SHA256SUMS")).expect("sums"),
        sums
    );
    place.write(&TWO.replace("v1.0.0-rc9, ", ""));
    place.release(&["--package-key", &key, "--prune"]).code(0);
    assert_eq!(place.index()["repositories"][0]["packages"], 2);
    place.build.place.run(&["verify", "dist"]).code(0);

    // What was changed is found.
    let list = dist.join("repositories/apt/dists/stable/main/binary-amd64/Packages");
    let before = fs::read(&list).expect("a list");
    fs::write(&list, "").expect("written");
    let found = place.build.place.run(&["verify", "dist"]).code(17);
    assert!(found.stdout.contains("binary-amd64/Packages"), "{found:?}");
    fs::write(&list, before).expect("restored");

    let join = |words: &[&str]| {
        let head = ["repository", "dist", "--package-key", &key];
        place.build.place.run(&[&head[..], words].concat())
    };
    let said = join(&["--yum", "el7", "--apt", "stable", "-o", "joined"]).code(0);
    assert!(
        said.stdout.contains("2 repositories: 2 changed -> joined"),
        "{said:?}"
    );
    let again = join(&["--yum", "el7", "-o", "joined", "--format", "json"]).code(0);
    let document: serde_json::Value = serde_json::from_str(&again.stdout).expect("JSON");
    assert_eq!(document["repositories"][0]["changed"], false);
    assert_eq!(document["repositories"][0]["packages"], 1);
    join(&["-o", "joined"]).code(2);
    // With a key, the checksums have to be signed; and they have the index, which has the packages.
    openssl(
        &place,
        &["genpkey", "-algorithm", "ed25519", "-out", "release.key"],
    );
    openssl(
        &place,
        &[
            "pkey",
            "-in",
            "release.key",
            "-pubout",
            "-out",
            "release.pub",
        ],
    );
    let of_key = ["--yum", "el7", "-o", "joined", "--key", "release.pub"];
    join(&of_key).code(17).says("SHA256SUMS: not signed");
    place
        .release(&["--package-key", &key, "--sign-key", "release.key"])
        .code(0);
    join(&of_key).code(0);
    let index = dist.join("index.json");
    let text = fs::read_to_string(&index).expect("an index");
    fs::remove_file(&index).expect("removed");
    fs::write(&index, text.replace("linux-", "linux-x")).expect("written");
    join(&of_key)
        .code(17)
        .says("index.json: does not match SHA256SUMS");
    let text = fs::read_to_string(dist.join("SHA256SUMS")).expect("sums");
    fs::remove_file(dist.join("SHA256SUMS")).expect("removed");
    fs::write(dist.join("SHA256SUMS"), text.replace('a', "b")).expect("written");
    join(&of_key).code(17).says("SHA256SUMS.minisig");
    place.build.assert_nothing_is_left();
}

#[test]
fn a_repository_that_the_file_has_no_more_is_named_and_pruned() {
    let place = place("former-repositories");
    let one = TWO.replace("v1.0.0-rc9, ", "");
    place.write(&one);
    let made = MadeKey::new("rsa2048", "sign");
    let key = made.secret().display().to_string();
    place.release(&["--package-key", &key]).code(0);
    let dist = place.build.place.path().join("dist");

    // One of them, and then both.
    place.write(&one.replace("yum: el7, ", ""));
    place
        .release(&["--package-key", &key])
        .code(0)
        .says("dist/repositories/yum/el7 is no longer part of this release");
    let found = place.build.place.run(&["verify", "dist"]).code(17);
    let problem = "repositories/yum/el7: a repository that is not part of the release";
    assert_eq!(found.stdout.matches(problem).count(), 1, "{found:?}");
    assert!(!found.stdout.contains("repomd.xml"), "{found:?}");
    let rest = one.split_once('\n').expect("lines").1;
    place.write(rest);
    // Somebody's own directory beside them is nobody's to remove.
    fs::create_dir(dist.join("repositories/yum/own")).expect("a directory");
    fs::write(dist.join("repositories/yum/own/file"), "").expect("written");
    place.release(&["--prune"]).code(0);
    assert!(!dist.join("repositories/apt").exists());
    assert!(!dist.join("repositories/yum/el7").exists());
    assert!(dist.join("repositories/yum/own/file").exists());
    fs::remove_dir_all(dist.join("repositories")).expect("removed");
    place.build.place.run(&["verify", "dist"]).code(0);
    place.build.assert_nothing_is_left();
}

#[test]
fn repositories_that_cannot_be_are_refused_before_anything_is_built() {
    let place = place("no-repositories");
    place.write(TWO);
    place.release(&[]).code(2).says("--package-key");
    // Neither a plan nor a lock file needs the key.
    place.release(&["--plan"]).code(0);
    place.lock(&["--dry-run"]).code(0);
    let made = MadeKey::new("ed25519", "sign");
    let key = made.secret().display().to_string();
    place
        .release(&["--package-key", &key])
        .code(2)
        .says("requires an RSA key");
    place.write(
        &TWO.replace("el7", "el9")
            .replace("packages: [rpm, deb]", "packages: [rpm]"),
    );
    let refused = place.release(&["--package-key", &key]).code(10);
    refused.says("there is no .deb package for the apt repository stable");
    place.write(&TWO.replace("https://packages", "https://packages;"));
    place
        .release(&["--package-key", &key])
        .code(10)
        .says("is not the URL of a repository");
    assert!(!place.build.place.path().join("dist").exists());
}
