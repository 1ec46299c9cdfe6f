//! The contract of every engine, on podman: a service of its own, whose images, containers and mounts are seen by nobody else.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use kmembuild::engine::{Address, connect_docker};

use crate::support::contract::{Subject, keeps_the_contract};
use crate::support::preflight::installed;

/// Beginning of the names of its directories, before the number of the process that made them.
const DIRECTORY: &str = "kmembuild-test-podman-";

/// The runtime under podman: runc, which does not get what a container may not give its own containers.
const RUNTIME: &str = r#"#!/usr/bin/perl
use JSON::PP;
for my $i (0 .. $#ARGV - 1) {
    my $file = $ARGV[$i] eq '--bundle' ? "$ARGV[$i + 1]/config.json" : $ARGV[$i + 1];
    next unless $ARGV[$i] =~ /^(--bundle|--process)$/;
    open my $in, '<', $file or next;
    my $config = decode_json(do { local $/; <$in> });
    delete @{$config->{process} // $config}{qw(oomScoreAdj rlimits)};
    open my $out, '>', $file or die;
    print $out encode_json($config);
    close $out;
}
exec 'runc', @ARGV;
"#;

async fn subject(test: &str) -> Subject {
    let address = Address {
        host: Some(format!("unix://{}", socket().display())),
        ..Address::default()
    };
    let engine = connect_docker(&address, None)
        .await
        .expect("podman answers");
    let run = format!("kmembuild-test-podman-{}", test.replace('_', "-"));
    Subject::new(engine, run, Box::new(())).await
}

/// The socket of the service, which is started by the first one who asks and ends with this process.
fn socket() -> &'static Path {
    static SOCKET: OnceLock<PathBuf> = OnceLock::new();
    SOCKET.get_or_init(|| {
        for name in ["perl", "podman", "runc", "setpriv", "unshare"] {
            installed(name);
        }
        remove_old();
        let place = std::env::temp_dir().join(format!("{DIRECTORY}{}", std::process::id()));
        fs::create_dir(&place).expect("a directory");
        let runtime = place.join("runtime");
        fs::write(&runtime, RUNTIME).expect("a program");
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o755)).expect("permissions");
        let socket = place.join("podman.sock");
        let mut command = installed("unshare");
        command
            .args(["--mount", "setpriv", "--pdeathsig=KILL", "podman"])
            .args(["--cgroup-manager=cgroupfs", "--events-backend=file"])
            .arg("--root")
            .arg(place.join("root"))
            .arg("--runroot")
            .arg(place.join("run"))
            .arg("--runtime")
            .arg(&runtime)
            .args(["system", "service", "--time=0"])
            .arg(format!("unix://{}", socket.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(place.join("log")).expect("a file"));
        // The service ends with the thread that starts it, so that one stays.
        let service = thread::spawn(move || {
            let mut service = command.spawn().expect("podman starts");
            service.wait().expect("podman runs");
        });
        while UnixStream::connect(&socket).is_err() {
            assert!(
                !service.is_finished(),
                "podman does not start: see {}",
                place.display()
            );
            thread::sleep(Duration::from_millis(20));
        }
        socket
    })
}

/// Removes what earlier runs left: their mounts have gone with them.
fn remove_old() {
    let entries = fs::read_dir(std::env::temp_dir()).expect("a directory");
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(DIRECTORY);
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

keeps_the_contract!(subject);
