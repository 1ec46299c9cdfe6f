//! Where results go: whose they are, and folders that cannot be written to.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::build_place::BuildPlace;
use crate::support::command::Finished;
use crate::support::debian_image::debian_image;

/// A file system in memory that nothing can be written to, until dropped.
struct ReadOnly(PathBuf);

impl ReadOnly {
    fn mount(folder: &Path) -> Self {
        fs::create_dir(folder).expect("a folder to mount on");
        let options = ["-t", "tmpfs", "-o", "ro,size=1m", "kmembuild-test"];
        let mounted = Command::new("mount").args(options).arg(folder).status();
        assert!(
            mounted.expect("mount starts").success(),
            "these tests need root"
        );
        Self(folder.to_owned())
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn an_output_folder_that_cannot_be_written_to_is_named_before_anything_is_built() {
    let build = BuildPlace::steps("read-only", "cp /bin/true out", "out");
    let _mounted = ReadOnly::mount(&build.place.path().join("results"));
    build
        .build("v1.0.0-rc10", &["--output", "results"])
        .code(15)
        .says("could not write to the output directory results")
        .says("Read-only file system")
        .says("hint: use --output with a directory that can be written to");
    build.assert_nothing_is_left();
}

#[test]
fn a_folder_of_somebody_else_is_left_alone() {
    let build = BuildPlace::steps("foreign", "cp /bin/true out", "out");
    let folder = build.result("v1.0.0-rc10");
    fs::create_dir_all(&folder).expect("a folder in the way");
    fs::write(folder.join("thesis.txt"), "years of work").expect("a file in it");
    build
        .build("v1.0.0-rc10", &[])
        .code(15)
        .says("is not a result of kmembuild")
        .says("hint: move it away");
    assert!(folder.join("thesis.txt").is_file());
    build.assert_nothing_is_left();
}

#[test]
fn results_belong_to_the_caller_and_can_be_run() {
    debian_image();
    let nobody = 65534;
    let build = BuildPlace::steps(
        "owner",
        "cp /bin/true out; chmod 0711 out; chown 7:7 out",
        "out",
    );
    chown(build.place.path(), Some(nobody), Some(nobody)).expect("a place of nobody's");
    let mut command = build.command("v1.0.0-rc10", &[]);
    // The socket's group may use the engine.
    if let Ok(socket) = fs::metadata("/var/run/docker.sock") {
        command.uid(nobody).gid(socket.gid());
    }
    let output = command.output().expect("the command starts");
    Finished::from(output).code(0);
    let result = build.result("v1.0.0-rc10");
    for file in [
        "out",
        "manifest.json",
        "plan.json",
        "build.log",
        "SHA256SUMS",
    ] {
        let about = fs::metadata(result.join(file)).expect(file);
        assert_eq!(about.uid(), nobody, "{file}");
        let executable = about.permissions().mode() & 0o111 != 0;
        assert_eq!(executable, file == "out", "{file}");
    }
    assert!(
        Command::new(result.join("out"))
            .status()
            .expect("it starts")
            .success()
    );
    build.assert_nothing_is_left();
}
