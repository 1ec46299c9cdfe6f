//! The same result gives the same package.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use kmembuild::delivery::packaging::PackageFormat;
use kmembuild::plan::PlannedSource;

use super::node::run;
use super::result::Published;

#[test]
fn two_folders_two_times_and_two_modes_give_the_same_bytes() {
    let mut earlier_ones = Vec::new();
    for (recipe, output) in [("runc", "runc"), ("kubelet", "kubelet")] {
        let first = Published::new(recipe, "v1.0.0-rc10", output, "/bin/busybox");
        let second = Published::new(recipe, "v1.0.0-rc10", output, "/bin/busybox");
        let path = second.path().join(output);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("another mode");
        let file = fs::File::open(&path).expect("the output");
        let earlier = SystemTime::now() - Duration::from_hours(1000);
        file.set_modified(earlier).expect("another time");
        let packages = PackageFormat::ALL.map(|format| first.package(format));
        earlier_ones.push((first, second, packages));
    }
    // Times are counted in seconds.
    std::thread::sleep(Duration::from_millis(1100));
    for (_first, second, packages) in earlier_ones {
        for (format, one) in PackageFormat::ALL.into_iter().zip(packages) {
            let other = second.package(format);
            assert_eq!(one.file_name(), other.file_name());
            assert_ne!(one, other);
            let same = fs::read(&one).expect("a package") == fs::read(&other).expect("a package");
            assert!(same, "two of {} differ", one.display());
        }
    }
}

#[test]
fn a_package_is_replaced_as_a_whole_and_nothing_lies_beside_it() {
    let published = Published::new("runc", "v1.0.0-rc10", "runc", "/bin/busybox");
    for format in PackageFormat::ALL {
        let path = published.package(format);
        fs::write(&path, "an earlier one").expect("written");
        assert_eq!(published.package(format), path);
        assert!(fs::metadata(&path).expect("a package").len() > 100_000);
        let mode = fs::metadata(&path).expect("a package").permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
    }
    let entries = fs::read_dir(published.path().join("packages")).expect("a folder");
    assert_eq!(entries.count(), 3);
}

#[test]
fn a_source_without_a_commit_gives_files_of_1970() {
    let mut published = Published::of_bytes("runc-debian", "v1.0.0-rc93", "runc", b"");
    published.source = PlannedSource::Directory {
        path: "/usr/share/gocode/src/runc".to_owned(),
        package: "runc-dev".to_owned(),
    };
    let path = published.package(PackageFormat::Deb).display().to_string();
    let files = run("dpkg-deb", &["-c", &path]);
    for line in files.lines() {
        assert!(line.contains(" 1970-01-01 00:00 "), "{line}");
    }
    let path = published.package(PackageFormat::Rpm).display().to_string();
    let times = run(
        "rpm",
        &["-qp", "--qf", "%{BUILDTIME}[ %{FILEMTIMES}]", &path],
    );
    assert_eq!(times, "0 0 0");
}
