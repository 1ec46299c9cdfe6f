//! What is in a repository from time to time.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use kmembuild::delivery::repositories::RepositoryError;

use super::shelf::Shelf;

const PROGRAM: &str = "/bin/busybox";

fn names(shelf: &Shelf, ending: &str) -> BTreeSet<String> {
    let files = shelf.files();
    let of_kind = files.keys().filter(|path| path.ends_with(ending));
    of_kind
        .filter_map(|path| path.rsplit('/').next())
        .map(str::to_owned)
        .collect()
}

/// The packages that the metadata name.
fn listed(shelf: &Shelf) -> Vec<String> {
    let list = shelf.apt().join("dists/stable/main/binary-amd64/Packages");
    let text = fs::read_to_string(list).expect("a list");
    let names = text
        .lines()
        .filter_map(|line| line.strip_prefix("Version: "));
    names.map(str::to_owned).collect()
}

#[test]
fn a_package_is_another_name_of_the_releases_file_or_a_copy_of_it() {
    let shelf = Shelf::new("ed25519");
    let linked = shelf.pack("runc", "v1.0.0-rc9", PROGRAM);
    let copied = shelf.pack("runc", "v1.0.0-rc10", PROGRAM);
    for file in &copied.files {
        // What not everybody may read is not what a web server can have.
        fs::set_permissions(&file.path, fs::Permissions::from_mode(0o600)).expect("a mode");
    }
    let mut order = shelf.order(&[&linked, &copied]);
    order.yum = Some("el9".parse().expect("a name"));
    kmembuild::delivery::repositories::publish_repositories(&order).expect("made");
    for (packed, is_linked) in [(&linked, true), (&copied, false)] {
        let deb = &packed.files[1];
        let name = deb.path.file_name().expect("a name");
        let place = shelf.apt().join("pool/stable").join(&deb.sha256[..32]);
        let (there, of_release) = (
            fs::metadata(place.join(name)).expect("a package"),
            fs::metadata(&deb.path).expect("a package"),
        );
        assert_eq!(there.ino() == of_release.ino(), is_linked, "{name:?}");
        assert_eq!(there.mode() & 0o7777, 0o644);
    }
    // A package that is built again is another file.
    let deb = &linked.files[1];
    let before = shelf.files();
    fs::remove_file(&deb.path).expect("removed");
    fs::write(&deb.path, "another").expect("written");
    assert!(shelf.files() == before);
}

#[test]
fn the_same_packages_give_the_same_bytes_and_nothing_is_written_twice() {
    let shelf = Shelf::new("ed25519");
    let other = Shelf::new("ed25519");
    let (rc9, rc10) = (
        shelf.pack("runc", "v1.0.0-rc9", PROGRAM),
        shelf.pack("runc", "v1.0.0-rc10", PROGRAM),
    );
    let mut order = shelf.order(&[&rc9, &rc10]);
    order.yum = Some("el9".parse().expect("a name"));
    let first = kmembuild::delivery::repositories::publish_repositories(&order).expect("made");
    assert!(
        first
            .iter()
            .all(|repository| repository.changed && repository.packages == 2)
    );
    let before = shelf.files();
    // In another order, and elsewhere.
    order.packages.reverse();
    let again = kmembuild::delivery::repositories::publish_repositories(&order).expect("made");
    assert!(
        again
            .iter()
            .all(|repository| !repository.changed && repository.packages == 2)
    );
    assert!(shelf.files() == before);
    order.root = other.root().to_owned();
    kmembuild::delivery::repositories::publish_repositories(&order).expect("made");
    assert!(other.files() == before);
    for repository in first {
        let files = repository.files.iter();
        let files: BTreeSet<_> = files
            .map(|file| format!("{}/{}", repository.folder, file.path))
            .collect();
        let found = before
            .keys()
            .filter(|path| path.starts_with(&format!("{}/", repository.folder)));
        assert_eq!(files, found.cloned().collect());
    }
}

#[test]
fn older_versions_stay_until_they_are_too_many() {
    let mut shelf = Shelf::new("rsa2048");
    let packed = ["v1.0.0-rc5", "v1.0.0-rc9", "v1.0.0-rc10", "v1.0.0-rc93"]
        .map(|version| shelf.pack("runc", version, PROGRAM));
    shelf.publish(&[&packed[0]]);
    shelf.publish(&[&packed[2]]);
    shelf.publish(&[&packed[1]]);
    let versions = |list: &[&str]| -> Vec<String> {
        list.iter()
            .map(|rc| format!("1.0.0~{rc}+nokmem-1000"))
            .collect()
    };
    assert_eq!(listed(&shelf), versions(&["rc5", "rc9", "rc10"]));
    shelf.keep = Some(2);
    shelf.publish(&[&packed[3]]);
    assert_eq!(listed(&shelf), versions(&["rc10", "rc93"]));
    // What the metadata before named is there for clients that read those, and gone the next time.
    assert_eq!(
        (names(&shelf, ".deb").len(), names(&shelf, ".rpm").len()),
        (4, 4)
    );
    shelf.keep = Some(1);
    shelf.publish(&[]);
    assert_eq!(listed(&shelf), versions(&["rc93"]));
    assert_eq!(
        (names(&shelf, ".deb").len(), names(&shelf, ".rpm").len()),
        (2, 2)
    );

    // The same version with other bytes takes the place of the one before.
    let rebuilt = shelf.pack("runc", "v1.0.0-rc93", "/usr/bin/dpkg-deb");
    shelf.keep = None;
    shelf.publish(&[&rebuilt]);
    assert_eq!(listed(&shelf), versions(&["rc93"]));
    let list = fs::read_to_string(shelf.apt().join("dists/stable/main/binary-amd64/Packages"));
    assert!(list.expect("a list").contains(&rebuilt.files[1].sha256));
    // A package that somebody removed is no longer named.
    shelf.publish(&[&packed[0]]);
    let gone = shelf.only(
        "apt/pool",
        &format!(
            "{}/runc_1.0.0~rc93+nokmem-1000_amd64.deb",
            &rebuilt.files[1].sha256[..32]
        ),
    );
    fs::remove_file(gone).expect("removed");
    shelf.publish(&[&packed[0]]);
    assert_eq!(listed(&shelf), versions(&["rc5"]));
}

#[test]
fn what_is_refused_leaves_the_repository_as_it_was() {
    let shelf = Shelf::new("rsa2048");
    let good = shelf.pack("runc", "v1.0.0-rc9", PROGRAM);
    let wrong = |change: &dyn Fn(&mut super::shelf::Packed)| {
        let mut packed = shelf.pack("runc", "v1.0.0-rc10", PROGRAM);
        change(&mut packed);
        packed
    };
    let none = shelf.try_publish(&[]).expect_err("nothing");
    assert!(matches!(none, RepositoryError::NoPackages { .. }), "{none}");
    shelf.publish(&[&good]);
    let before = shelf.files();
    let append = |path: &Path| {
        let mut bytes = fs::read(path).expect("a package");
        bytes.push(b'x');
        fs::write(path, bytes).expect("written");
    };
    for at in [0, 1] {
        let changed = wrong(&|packed| append(&packed.files[at].path));
        let error = shelf.try_publish(&[&changed]).expect_err("changed");
        assert!(matches!(error, RepositoryError::Changed { .. }), "{error}");
        let gone = wrong(&|packed| fs::remove_file(&packed.files[at].path).expect("removed"));
        let error = shelf.try_publish(&[&gone]).expect_err("gone");
        assert!(
            matches!(error, RepositoryError::Unreadable { .. }),
            "{error}"
        );
        let text = wrong(&|packed| {
            fs::write(&packed.files[at].path, "no package").expect("written");
            packed.files[at].size = 10;
            packed.files[at].sha256 = kmembuild::checksum::sha256_hex(b"no package");
        });
        let error = shelf.try_publish(&[&text]).expect_err("no package");
        let expected = match at {
            0 => matches!(error, RepositoryError::RpmHeader { .. }),
            _ => matches!(error, RepositoryError::Deb { .. }),
        };
        assert!(expected, "{error}");
        let yum_is_ahead = at == 1;
        let now = shelf.files();
        let apt = |files: &std::collections::BTreeMap<String, Vec<u8>>| -> Vec<(String, Vec<u8>)> {
            let apt = files.iter().filter(|(path, _)| path.starts_with("apt/"));
            apt.map(|(path, bytes)| (path.clone(), bytes.clone()))
                .collect()
        };
        assert!(yum_is_ahead || now == before, "{error}");
        assert!(apt(&now) == apt(&before), "{error}");
    }
    // Another key signs neither the packages nor goes on with the repository.
    let other = Shelf::new("rsa2048");
    let foreign = other.pack("runc", "v1.0.0-rc10", PROGRAM);
    let before = shelf.files();
    let error = shelf
        .try_publish(&[&foreign])
        .expect_err("signed by another key");
    assert!(matches!(error, RepositoryError::Unsigned { .. }), "{error}");
    let mut order = other.order(&[&foreign]);
    order.root = shelf.root().to_owned();
    let error = kmembuild::delivery::repositories::publish_repositories(&order);
    let error = error.expect_err("made with another key");
    assert!(matches!(error, RepositoryError::Foreign { .. }), "{error}");
    assert!(shelf.files() == before);
    // Metadata that somebody changed are taken for nothing.
    let list = shelf.apt().join("dists/stable/main/binary-amd64/Packages");
    super::shelf::with_a_changed_byte(&list, || {
        let error = shelf.try_publish(&[&good]).expect_err("changed metadata");
        assert!(matches!(error, RepositoryError::Foreign { .. }), "{error}");
    });

    let young = Shelf::new("ed25519");
    let error = young
        .try_publish(&[])
        .expect_err("a key that CentOS 7 cannot check");
    assert!(matches!(error, RepositoryError::OldRpm { .. }), "{error}");
}

#[test]
fn whoever_reads_meanwhile_finds_every_file_that_is_named() {
    let shelf = Shelf::new("rsa2048");
    let packed = ["v1.0.0-rc9", "v1.0.0-rc10"].map(|version| shelf.pack("runc", version, PROGRAM));
    shelf.publish(&[&packed[0]]);
    let (done, changes) = (AtomicBool::new(false), AtomicUsize::new(0));
    let looked = std::thread::scope(|scope| {
        let (shelf, done, changes) = (&shelf, &done, &changes);
        let reader = scope.spawn(move || {
            let mut looked = 0;
            while !done.load(Ordering::SeqCst) {
                let begun = changes.load(Ordering::SeqCst);
                let repomd = fs::read_to_string(shelf.yum().join("repodata/repomd.xml"));
                let release = fs::read_to_string(shelf.apt().join("dists/stable/InRelease"));
                let mut missing = Vec::new();
                let repomd = repomd.expect("always one");
                for part in repomd.split("href=\"").skip(1) {
                    let path = part.split('"').next().expect("a path");
                    if !shelf.yum().join(path).exists() {
                        missing.push(path.to_owned());
                    }
                }
                let release = release.expect("always one");
                for line in release.lines().filter(|line| line.starts_with(' ')) {
                    let sha256 = line.split_whitespace().next().expect("a sum");
                    let path = format!("dists/stable/main/binary-amd64/by-hash/SHA256/{sha256}");
                    if !shelf.apt().join(&path).exists() {
                        missing.push(path);
                    }
                }
                // A client that is slower than two releases has to begin anew.
                if changes.load(Ordering::SeqCst) <= begun + 1 {
                    assert_eq!(missing, Vec::<String>::new());
                    looked += 1;
                }
            }
            looked
        });
        for at in 0..20 {
            let mut order = shelf.order(&[&packed[at % 2]]);
            order.keep = Some(if at % 2 == 0 { 1 } else { 2 }.try_into().expect("not 0"));
            changes.fetch_add(1, Ordering::SeqCst);
            kmembuild::delivery::repositories::publish_repositories(&order).expect("made");
        }
        done.store(true, Ordering::SeqCst);
        reader.join().expect("every file")
    });
    assert!(looked > 20, "looked {looked} times");
}
