//! What `createrepo_c` and `apt-ftparchive` say of the same packages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;

use super::super::node::run;
use super::shelf::Shelf;

/// The lines that a list has of each package, by its sha256. The time of a file is that of its package here, and the moment
/// of a copy there.
fn of_packages(list: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let bytes = fs::read(list).expect("a list");
    let mut text = String::new();
    GzDecoder::new(&bytes[..])
        .read_to_string(&mut text)
        .expect("a packed list");
    let text = text.replace("&apos;", "'").replace("&quot;", "\"");
    let packages = text.split("<package ").skip(1).map(|package| {
        let (package, _) = package.split_once("</package>").expect("an end");
        let sha256 = package
            .split(['"', '<', '>'])
            .find(|word| word.len() == 64)
            .expect("a sha256")
            .to_owned();
        let lines = package
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty());
        let lines = lines.filter(|line| !line.starts_with("<time "));
        (sha256, lines.map(str::to_owned).collect())
    });
    packages.collect()
}

fn shelf() -> Shelf {
    let shelf = Shelf::new("rsa2048");
    let rc10 = shelf.pack("runc", "v1.0.0-rc10", "/bin/busybox");
    let rc93 = shelf.pack("runc", "v1.0.0-rc93", "/usr/bin/dpkg-deb");
    let kubelet = shelf.pack("kubelet", "v1.15.5", "/bin/busybox");
    shelf.publish(&[&rc10, &rc93, &kubelet]);
    shelf
}

#[test]
fn createrepo_says_the_same_of_every_rpm() {
    let shelf = shelf();
    let theirs = shelf.root().join("theirs");
    fs::create_dir(&theirs).expect("a folder");
    let words = ["-q", "--no-database", "--simple-md-filenames", "-o"];
    let (out, root) = (
        theirs.display().to_string(),
        shelf.yum().display().to_string(),
    );
    run("createrepo_c", &[&words[..], &[&out, &root]].concat());
    for list in ["primary", "filelists", "other"] {
        let ours = of_packages(&shelf.only("yum/el7/repodata/", &format!("-{list}.xml.gz")));
        let theirs = of_packages(&theirs.join(format!("repodata/{list}.xml.gz")));
        assert_eq!(ours.len(), 3);
        assert_eq!(ours, theirs, "{list}");
    }
}

/// The fields of each stanza, by the name of its file.
fn stanzas(text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let stanzas = text
        .split("\n\n")
        .filter(|stanza| !stanza.trim().is_empty());
    let stanzas = stanzas.map(|stanza| {
        let mut fields = BTreeMap::<String, String>::new();
        let mut last = String::new();
        for line in stanza.lines() {
            if line.starts_with(' ') {
                *fields.get_mut(&last).expect("a field") += &format!("\n{line}");
            } else {
                let (name, value) = line.split_once(':').expect("a field");
                name.clone_into(&mut last);
                fields.insert(last.clone(), value.trim().to_owned());
            }
        }
        (fields["Filename"].clone(), fields)
    });
    stanzas.collect()
}

#[test]
fn apt_ftparchive_says_the_same_of_every_deb_and_of_every_list() {
    let shelf = shelf();
    let pool = format!(
        "cd {} && apt-ftparchive packages pool",
        shelf.apt().display()
    );
    let theirs = stanzas(&run("sh", &["-c", &pool]));
    let list = shelf.apt().join("dists/stable/main/binary-amd64/Packages");
    let ours = stanzas(&fs::read_to_string(&list).expect("a list"));
    assert_eq!(ours.len(), 3);
    assert_eq!(
        ours.keys().collect::<Vec<_>>(),
        theirs.keys().collect::<Vec<_>>()
    );
    for (file, fields) in &ours {
        let theirs = &theirs[file];
        for (name, value) in fields {
            assert_eq!(Some(value), theirs.get(name), "{name} of {file}");
        }
        // They have further digests, and nothing else.
        let further: Vec<_> = theirs
            .keys()
            .filter(|name| !fields.contains_key(*name))
            .collect();
        assert_eq!(further, ["MD5sum", "SHA1", "SHA512"]);
    }
    let dists = shelf.apt().join("dists/stable");
    let release = run("apt-ftparchive", &["release", &dists.display().to_string()]);
    let sha256 = |text: &str| -> BTreeMap<String, String> {
        let (_, after) = text.split_once("SHA256:\n").expect("the sums");
        let lines = after.lines().take_while(|line| line.starts_with(' '));
        let lines = lines.map(|line| line.rsplit_once(' ').expect("a path"));
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        lines
            .map(|(sum, path)| (path.to_owned(), words(sum)))
            .collect()
    };
    let theirs = sha256(&release);
    let ours = sha256(&fs::read_to_string(dists.join("Release")).expect("a release"));
    assert_eq!(ours.len(), 2);
    for (path, sum) in ours {
        assert_eq!(Some(&sum), theirs.get(&path), "{path}");
    }
}
