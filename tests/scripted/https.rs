//! Sources that come over https, and the certificates that are trusted for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::Place;
use crate::support::command::Finished;
use crate::support::git_server::GitServer;
use crate::support::https_front::{HASHED_NAME, HttpsFront, certificate};
use crate::support::running::Running;

/// Larger than what is read without looking further.
const LARGE: usize = 100_000;

/// A folder of certificates as OpenSSL wants it, with those of `files` under their names.
fn folder(place: &Place, files: &[(&str, &str)]) -> PathBuf {
    let folder = place.workplace.path().join("certificates");
    fs::create_dir(&folder).expect("a folder of certificates");
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("a certificate");
    }
    folder
}

/// The certificate of the https server, and then enough to make the file a large one.
fn large_file(place: &Place) -> PathBuf {
    let text = fs::read_to_string(certificate()).expect("the certificate");
    place
        .workplace
        .write("all.pem", &format!("{text}{}", "# \n".repeat(LARGE / 3)))
}

fn with_certificates(mut command: Command, file: &Path, folder: &Path) -> Command {
    command
        .env("SSL_CERT_FILE", file)
        .env("SSL_CERT_DIR", folder);
    command
}

/// Plans v1.0.0 from an https server.
fn plan(place: &Place, file: &Path, folder: &Path) -> Finished {
    let origin = GitServer::start(place.workplace.path());
    let front = HttpsFront::start(origin.address());
    let url = format!("https://{}/upstream/.git", front.address);
    let command = place.command(&["plan", "tool", "--tag", "v1.0.0", "--source", &url]);
    let mut command = with_certificates(command, file, folder);
    command.output().expect("the command ends").into()
}

#[test]
fn a_source_comes_over_https_from_a_server_that_the_users_file_trusts() {
    let place = Place::new();
    let folder = folder(&place, &[]);
    plan(&place, &certificate(), &folder)
        .code(0)
        .prints(&place.commit);
}

#[test]
fn a_source_comes_over_https_from_a_server_that_the_users_folder_trusts() {
    let place = Place::new();
    let text = fs::read_to_string(certificate()).expect("the certificate");
    let folder = folder(&place, &[(HASHED_NAME, &text)]);
    for file in [PathBuf::from("/dev/null"), large_file(&place)] {
        plan(&place, &file, &folder).code(0).prints(&place.commit);
    }
}

#[test]
fn a_server_that_nobody_trusts_is_refused_and_the_certificate_is_named() {
    let place = Place::new();
    let folder = folder(&place, &[]);
    plan(&place, Path::new("/dev/null"), &folder)
        .code(13)
        .says("the SSL certificate is invalid");
}

#[test]
fn a_certificate_of_a_large_file_counts_also_when_the_folder_lacks_it() {
    let place = Place::new();
    let folder = folder(&place, &[("01234567.0", "no certificate")]);
    plan(&place, &large_file(&place), &folder)
        .code(0)
        .prints(&place.commit);
}

#[test]
fn certificates_are_looked_up_in_the_folder_when_it_has_them_all() {
    let place = Place::new();
    let text = fs::read_to_string(certificate()).expect("the certificate");
    let folder = folder(&place, &[(HASHED_NAME, &text)]);
    let silent = GitServer::stalled();
    let url = silent.url("upstream.git");
    let command = place.command(&["plan", "tool", "--tag", "v1.0.0", "--source", &url]);
    let mut command = with_certificates(command, &large_file(&place), &folder);
    let mut run = Running::start(&mut command);
    run.until(|| !silent.requests().is_empty());
    let environment = fs::read(format!("/proc/{}/environ", run.id()));
    run.kill();
    let environment = environment.expect("the environment of a process");
    let environment = String::from_utf8_lossy(&environment);
    let variables: Vec<_> = environment.split('\0').collect();
    let one = folder.join(HASHED_NAME);
    assert!(variables.contains(&&*format!("SSL_CERT_FILE={}", one.display())));
    assert!(variables.contains(&&*format!("SSL_CERT_DIR={}", folder.display())));
}

#[test]
fn mmdebstrap_gets_the_certificates_of_the_user() {
    let place = Place::new();
    let recipe = place.workplace.path().join("recipes/tool.yaml");
    let text = fs::read_to_string(&recipe).expect("the recipe");
    let debian = "debian: {suite: bullseye, packages: [gcc]}\n  lean:";
    fs::write(&recipe, text.replace("lean:", debian)).expect("a recipe");
    let programs = place.workplace.path().join("programs");
    let mmdebstrap = place.workplace.write(
        "programs/mmdebstrap",
        "#!/bin/sh\nenv >environment\nexit 1\n",
    );
    let runnable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(mmdebstrap, runnable).expect("a program");
    let path = format!("{}:/usr/bin:/bin", programs.display());

    let text = fs::read_to_string(certificate()).expect("the certificate");
    let folder = folder(&place, &[(HASHED_NAME, &text)]);
    let file = large_file(&place);
    let arguments = [
        "tool", "--tag", "v1.0.0", "--source", "upstream", "--image", "debian",
    ];
    let mut command = with_certificates(place.command(&arguments), &file, &folder);
    command.env("PATH", path);
    let finished: Finished = command.output().expect("the command ends").into();
    finished.says("mmdebstrap");
    let environment = fs::read_to_string(place.workplace.path().join("environment"));
    let environment = environment.expect("mmdebstrap was run");
    let ours: Vec<_> = environment
        .lines()
        .filter(|line| line.contains("SSL_CERT_"))
        .collect();
    assert_eq!(ours.len(), 2, "{ours:?}");
    assert!(ours.contains(&&*format!("SSL_CERT_FILE={}", file.display())));
    assert!(ours.contains(&&*format!("SSL_CERT_DIR={}", folder.display())));
}
