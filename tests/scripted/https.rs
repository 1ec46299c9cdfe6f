//! Sources that come over https, and the certificates that are trusted for it.

use std::fs;
use std::path::{Path, PathBuf};

use super::place::Place;
use crate::support::command::Finished;
use crate::support::git_server::GitServer;
use crate::support::https_front::{HASHED_NAME, HttpsFront, certificate};

/// A folder of certificates as OpenSSL wants it, with those of `files` under their names.
fn folder(place: &Place, files: &[(&str, &str)]) -> PathBuf {
    let folder = place.workplace.path().join("certificates");
    fs::create_dir(&folder).expect("a folder of certificates");
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("a certificate");
    }
    folder
}

/// Plans v1.0.0 from an https server.
fn plan(place: &Place, file: &Path, folder: &Path) -> Finished {
    let origin = GitServer::start(place.workplace.path());
    let front = HttpsFront::start(origin.address());
    let url = format!("https://{}/upstream/.git", front.address);
    let mut command = place.command(&["plan", "tool", "--tag", "v1.0.0", "--source", &url]);
    command
        .env("SSL_CERT_FILE", file)
        .env("SSL_CERT_DIR", folder);
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
    plan(&place, Path::new("/dev/null"), &folder)
        .code(0)
        .prints(&place.commit);
}

#[test]
fn a_server_that_nobody_trusts_is_refused_and_the_certificate_is_named() {
    let place = Place::new();
    let folder = folder(&place, &[]);
    plan(&place, Path::new("/dev/null"), &folder)
        .code(13)
        .says("the SSL certificate is invalid");
}
